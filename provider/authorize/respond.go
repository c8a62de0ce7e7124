package authorize

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/templates"
)

// respond sends the browser back to the client with the parameters, in the response mode of the request.
func (e *Endpoint) respond(c *gin.Context, a *request, parameters url.Values) error {
	next, fields := e.response(a, parameters)
	oauth.NoStore(c)
	c.Header("Referrer-Policy", "no-referrer") // the code is in the URL of the page that comes next
	if fields != nil {
		return e.cfg.Page.FormPost(c, a.client, next, fields)
	}
	// 303: a form that led here is not sent again, least of all to the client.
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// response adds the state, our issuer (RFC 9207) and the session state to the parameters of an answer. It returns where the browser goes next, with
// the parameters in the URL, or, for a form that posts them, the fields of the form. A query that the redirect URI was registered with is kept.
func (e *Endpoint) response(a *request, parameters url.Values) (next string, fields url.Values) {
	parameters.Set("iss", e.cfg.Issuer)
	if a.form.Has("state") {
		parameters.Set("state", a.state)
	}
	if a.sessionState != "" {
		parameters.Set("session_state", a.sessionState)
	}
	switch a.mode {
	case oauth.ModeFormPost:
		return a.redirectURI, parameters
	case oauth.ModeFragment:
		return a.redirectURI + "#" + parameters.Encode(), nil
	}
	return oauth.WithQuery(a.redirectURI, parameters), nil
}

// respondError tells the client of an error (RFC 6749 section 4.1.2.1). An outage is a page instead: the client could do
// nothing but send the browser here again.
func (e *Endpoint) respondError(c *gin.Context, a *request, err error) error {
	refusal := oauth.RefusalOf(err)
	if refusal.Code == oauth.TemporarilyUnavailable || refusal.Code == oauth.ServerError {
		templates.ForApp(c, e.cfg.Page.AppOf(a.client))
		return err
	}
	oauth.LogRefusal(c, e.cfg.Log, refusal)
	parameters := url.Values{"error": {refusal.Code}, "error_description": {refusal.Description}}
	if !a.shown && !a.client.Vouched() {
		next, fields := e.response(a, parameters)
		return e.cfg.Page.Leave(c, a.client, next, fields)
	}
	return e.respond(c, a, parameters)
}

// sessionState is what the client asks the check session frame about: only clients that sign people in are told.
func (e *Endpoint) sessionState(c *gin.Context, a *request, signedIn bool) string {
	if !slices.Contains(a.scopes, scope.OpenID) {
		return ""
	}
	return e.cfg.SessionState(c, a.client.ID, a.redirectURI, signedIn)
}
