package page

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Over shows the page for a flow, named by the query parameter flow, that has expired, was answered already or belongs to another browser. In the
// browser that began the flow, the page names the app and links to it. status is that of the answer.
func (p *Pages) Over(c *gin.Context, status int) error {
	view := templates.Expired{}
	app, err := p.App(c.Request.Context(), p.signIns.ClientOf(c.Request, c.Query("flow")))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	view.App = app
	if strings.HasSuffix(c.FullPath(), DevicePath) {
		view.AgainURL = p.issuer + DevicePath
	}
	_, err = p.signIns.Current(c.Request, "")
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	view.SignedIn = err == nil
	return p.pages.Render(c, status, view)
}

// App returns what pages show of a client. Errors: [storage.ErrNotFound] if no client has this id, or the client is disabled;
// [storage.ErrUnavailable].
func (p *Pages) App(ctx context.Context, id string) (templates.App, error) {
	if id == "" {
		return templates.App{}, storage.ErrNotFound
	}
	found, err := p.clients.Client(ctx, id)
	if err == nil && found.Disabled {
		err = storage.ErrNotFound
	}
	if err != nil {
		return templates.App{}, err
	}
	return p.AppOf(found), nil
}

// AppOf returns what pages show of a client.
func (p *Pages) AppOf(c *client.Client) templates.App {
	return templates.App{
		Name: c.Name, Logo: c.LogoURI, PolicyURL: c.PolicyURI, TermsURL: c.TOSURI, BackURL: c.ClientURI, StartURL: p.startURL(c),
	}
}

// startURL returns the URL at which the client begins a sign-in (OIDC Core section 4); empty if it has not registered one.
func (p *Pages) startURL(c *client.Client) string {
	if c.InitiateLoginURI == "" {
		return ""
	}
	return oauth.WithQuery(c.InitiateLoginURI, url.Values{"iss": {p.issuer}})
}

// ClientOf returns the client of a request from a browser. Errors: an [Error] if no client has this id, or the client is disabled;
// [storage.ErrUnavailable].
func (p *Pages) ClientOf(ctx context.Context, id string) (*client.Client, error) {
	if id == "" {
		return nil, &Error{
			Refusal: oauth.Refuse(oauth.CredentialsMissing), Title: templates.T("error.link_title"), Message: templates.T("error.no_app"),
		}
	}
	found, err := p.clients.Client(ctx, id)
	oauth.NoteCaller(ctx, id, found)
	rule := oauth.ClientUnknown
	switch {
	case err == nil && found.Disabled:
		rule = oauth.ClientDisabled
	case err == nil || !errors.Is(err, storage.ErrNotFound):
		return found, err
	}
	return nil, &Error{Refusal: oauth.Refuse(rule), Title: templates.T("error.unknown_app_title"), Message: templates.T("error.unknown_app")}
}

// Leave shows a page with the URL that a client sends the browser to, in place of a redirect. It is for clients that no operator vouches for:
// otherwise anybody who registers a client could make links to this server that redirect to any page of theirs (RFC 9700 section 4.11.2). fields are
// those of a form to post to next; nil: a link is enough.
func (p *Pages) Leave(c *gin.Context, to *client.Client, next string, fields url.Values) error {
	oauth.NoStore(c)
	return p.pages.Render(c, http.StatusOK, templates.Leaving{Page: templates.Page{App: p.AppOf(to)}, NextURL: next, Fields: fields})
}

// FormPost sends the parameters of an answer to a client in a form that the browser posts to target (OAuth 2.0 Form Post Response Mode).
func (p *Pages) FormPost(c *gin.Context, to *client.Client, target string, fields url.Values) error {
	return p.pages.FormPost(c, templates.FormPost{Page: templates.Page{App: p.AppOf(to)}, Target: target, Fields: fields})
}
