package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Over shows the page for a request in progress, named by the query parameter flow, that has expired, was answered already or belongs to
// another browser. In the browser that began it, the page names the app and leads there.
func (p *Provider) Over(c *gin.Context) error { return p.over(c, http.StatusGone) }

func (p *Provider) over(c *gin.Context, status int) error {
	view := templates.Expired{}
	app, err := p.App(c.Request.Context(), p.signIns.ClientOf(c.Request, c.Query("flow")))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	view.App = app
	if strings.HasSuffix(c.FullPath(), devicePath) {
		view.AgainURL = p.cfg.Issuer + devicePath
	}
	_, err = p.signIns.Current(c.Request, "")
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	view.SignedIn = err == nil
	return p.pages.Render(c, status, view)
}

// App returns what pages show of a client. Errors: storage.ErrNotFound when there is none that people may use.
func (p *Provider) App(ctx context.Context, id string) (templates.App, error) {
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
	return p.appOf(found), nil
}

func (p *Provider) appOf(c *client.Client) templates.App {
	return templates.App{
		Name: c.Name, Logo: c.LogoURI, PolicyURL: c.PolicyURI, TermsURL: c.TOSURI, BackURL: c.ClientURI, StartURL: p.startURL(c),
	}
}

// startURL has the client begin a sign-in (OIDC Core section 4); empty when it is not registered for that.
func (p *Provider) startURL(c *client.Client) string {
	if c.InitiateLoginURI == "" {
		return ""
	}
	return withQuery(c.InitiateLoginURI, url.Values{"iss": {p.cfg.Issuer}})
}
