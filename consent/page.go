package consent

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// show is GET /consent.
func (p *Consent) show(c *gin.Context) error {
	return p.ask(c, http.StatusOK, templates.Text{})
}

// ask shows the page. Without a person there is nobody to ask: the provider decides what comes next.
func (p *Consent) ask(c *gin.Context, status int, message templates.Text) error {
	flow, err := p.flow(c, time.Now())
	if err != nil {
		return err
	}
	signIn, err := p.cfg.Visitor.Current(c.Request, flow.ClientID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && !flow.DeniedAt.IsZero() {
		return p.leave(c, flow)
	}
	if err != nil {
		return err
	}
	request, err := p.cfg.Describe(c.Request.Context(), flow)
	if err != nil {
		return err
	}
	templates.ForApp(c, request.App)
	templates.ForLocales(c, request.Locales)
	view := p.view(request, signIn.User(), flow.ID)
	view.Error = message
	return p.cfg.Pages.Render(c, status, view)
}

func (p *Consent) view(request Request, user storage.User, flow string) templates.Consent {
	name, _ := user.Claims["name"].(string)
	return templates.Consent{
		Page:      templates.Page{App: request.App, FormTargets: []string{request.RedirectURI}},
		Person:    templates.Person{Name: name, Email: user.Email},
		SwitchURL: p.cfg.BasePath + "/login?" + url.Values{"flow": {flow}}.Encode(),
		Host:      host(request.RedirectURI),
		Unproven:  request.Unproven,
		Scopes:    p.cfg.Words(request.Asked, user),
	}
}

// host returns the host that the answer goes to; empty for an app on the person's own device (RFC 8252 section 7).
func host(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "localhost" {
		return ""
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && address.IsLoopback() {
		return ""
	}
	return u.Host
}

// decide is POST /consent.
func (p *Consent) decide(c *gin.Context) error {
	decision := c.Request.PostForm.Get("decision")
	if decision != allow && decision != deny {
		return p.ask(c, http.StatusUnprocessableEntity, templates.T("consent.choose"))
	}
	now := time.Now()
	flow, err := p.flow(c, now)
	if err != nil {
		return err
	}
	signIn, err := p.cfg.Visitor.Current(c.Request, flow.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return p.leave(c, flow)
	}
	if err != nil {
		return err
	}
	a := answer{signIn: signIn, flow: flow, address: c.ClientIP()}
	if decision == allow {
		request, err := p.cfg.Describe(c.Request.Context(), flow)
		if err != nil {
			return err
		}
		a.access = request.Asked
		err = p.ledger.allow(c.Request.Context(), a, now)
		return p.left(c, flow, err)
	}
	return p.left(c, flow, p.ledger.deny(c.Request.Context(), a, now))
}

// left goes on with the flow unless it is over.
func (p *Consent) left(c *gin.Context, flow storage.Flow, err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errExpired
	}
	if err != nil {
		return err
	}
	return p.leave(c, flow)
}

// leave sends the browser back to the request in progress.
func (p *Consent) leave(c *gin.Context, flow storage.Flow) error {
	c.Redirect(http.StatusSeeOther, p.cfg.ContinueURL+"?"+url.Values{"flow": {flow.ID}}.Encode())
	return nil
}
