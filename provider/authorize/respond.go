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

// respond redirects the browser to the client with the parameters, in the response mode of the request.
func (e *Endpoint) respond(c *gin.Context, a *request, parameters url.Values) error {
	next, fields := e.response(a, parameters)
	oauth.NoStore(c)
	c.Header("Referrer-Policy", "no-referrer") // the code is in the URL of the next page
	if fields != nil {
		return e.cfg.Page.FormPost(c, a.client, next, fields)
	}
	// 303, so that the browser does not post a form again, least of all to the client.
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// response adds the state, our issuer (RFC 9207) and the session state to the parameters of an answer. It returns the URL to which the browser goes
// next, which contains the parameters, or, for form_post, the URL and the fields of the form. The URL keeps the query of the registered redirect URI.
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

// respondError sends an error to the client (RFC 6749 section 4.1.2.1). It returns an outage or a fault, which become a page: the client could only
// send the browser here again.
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

// sessionState returns the session_state of the answer, which only clients that sign people in get.
func (e *Endpoint) sessionState(c *gin.Context, a *request, signedIn bool) string {
	if !slices.Contains(a.scopes, scope.OpenID) {
		return ""
	}
	return e.cfg.SessionState(c, a.client.ID, a.redirectURI, signedIn)
}
