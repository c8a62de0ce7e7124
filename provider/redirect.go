package provider

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/templates"
)

// redirect sends the browser back to the client with the parameters, in the response mode of the request.
func (p *Provider) redirect(c *gin.Context, a *authRequest, parameters url.Values) error {
	next, fields := p.response(a, parameters)
	noStore(c)
	c.Header("Referrer-Policy", "no-referrer") // the code stands in the address of the page that comes next
	if fields != nil {
		return p.pages.FormPost(c, templates.FormPost{Page: templates.Page{App: p.appOf(a.client)}, Target: next, Fields: fields})
	}
	// 303: a form that led here is not sent again, least of all to the client.
	c.Redirect(http.StatusSeeOther, next)
	return nil
}

// response adds the state, our issuer (RFC 9207) and the state of the session to the parameters of an answer, and returns where it goes: next
// has the parameters in it unless they are fields of a form. A query that the redirect URI was registered with is kept.
func (p *Provider) response(a *authRequest, parameters url.Values) (next string, fields url.Values) {
	parameters.Set("iss", p.cfg.Issuer)
	if a.form.Has("state") {
		parameters.Set("state", a.state)
	}
	if a.sessionState != "" {
		parameters.Set("session_state", a.sessionState)
	}
	switch a.mode {
	case modeFormPost:
		return a.redirectURI, parameters
	case modeFragment:
		return a.redirectURI + "#" + parameters.Encode(), nil
	}
	return withQuery(a.redirectURI, parameters), nil
}

// withQuery adds parameters to the query of a registered address.
func withQuery(uri string, parameters url.Values) string {
	separator := "?"
	if target, err := url.Parse(uri); err == nil && (target.RawQuery != "" || target.ForceQuery) {
		separator = "&"
	}
	return uri + separator + parameters.Encode()
}

// redirectError tells the client of an error (RFC 6749 section 4.1.2.1). An outage is a page instead: the client could do
// nothing but send the browser here again.
func (p *Provider) redirectError(c *gin.Context, a *authRequest, err error) error {
	answer := translate(err)
	if answer.Code == oauth.TemporarilyUnavailable || answer.Code == oauth.ServerError {
		templates.ForApp(c, p.appOf(a.client))
		return err
	}
	p.logRefusal(c, answer)
	parameters := url.Values{"error": {answer.Code}, "error_description": {answer.Description}}
	if !a.shown && !a.client.Vouched() {
		next, fields := p.response(a, parameters)
		return p.leave(c, a.client, next, fields)
	}
	return p.redirect(c, a, parameters)
}

// leave shows where a client that nobody vouches for sends the browser: whoever registers a client could otherwise make links to this server
// that lead to any page of theirs without a stop (RFC 9700 section 4.11.2).
func (p *Provider) leave(c *gin.Context, to *client.Client, next string, fields url.Values) error {
	noStore(c)
	return p.pages.Render(c, http.StatusOK, templates.Leaving{Page: templates.Page{App: p.appOf(to)}, NextURL: next, Fields: fields})
}

func noStore(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("Pragma", "no-cache")
}

// pageError is a mistake in a link that only a page can answer.
type pageError struct {
	refusal        *oauth.Refusal // for the log
	title, message templates.Text
	received       string // the redirect URI that was sent
}

func (e *pageError) Error() string { return e.refusal.Sentence() }

// errFlowOver says that the request in progress has expired, was answered already or belongs to another browser.
var errFlowOver = errors.New("authorization request is over")

// page turns the authorization endpoint, which returns errors, into a gin handler that shows them as pages.
func (p *Provider) page(handler func(*gin.Context) error) gin.HandlerFunc {
	show := templates.Handle(p.pages, p.log, publicError)
	return show(func(c *gin.Context) error {
		c.Request = withAsker(c.Request)
		err := handler(c)
		var mistake *pageError
		var told *oauth.Refusal
		switch {
		case errors.As(err, &mistake):
			view := templates.ErrorPage{Status: http.StatusBadRequest, Title: mistake.title, Message: mistake.message}
			if mistake.received != "" {
				view.Details = []templates.Detail{{Label: templates.T("error.received"), Value: clip(mistake.received, 500)}}
			}
			p.logRefusal(c, mistake.refusal)
			return p.pages.Render(c, http.StatusBadRequest, view)
		case errors.Is(err, errFlowOver):
			return p.over(c, http.StatusBadRequest)
		case errors.As(err, &told) && translate(err) == told:
			if errors.As(err, new(waitError)) {
				c.Header("Retry-After", retryAfter(err))
			}
			p.logRefusal(c, told)
			status, title, message := publicError(err)
			return p.pages.Render(c, status, templates.ErrorPage{Status: status, Title: title, Message: message})
		}
		return err
	})
}

// publicError is what a person is told about an error of a page.
func publicError(err error) (status int, title, message templates.Text) {
	switch answer := translate(err); {
	case answer.Code == oauth.ServerError:
		return 0, title, message
	case answer.Status == http.StatusTooManyRequests:
		return answer.Status, templates.T("error.busy_title"), templates.T("error.busy")
	case answer.Code == oauth.TemporarilyUnavailable:
		return http.StatusServiceUnavailable, templates.T("error.outage_title"), templates.T("error.outage")
	default:
		return answer.Status, templates.T("error.link_title"), templates.T("error.link", "Description", answer.Description)
	}
}
