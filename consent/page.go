package consent

import (
	"crypto/hmac"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// show handles GET /consent.
func (p *Consent) show(c *gin.Context) error {
	return p.ask(c, http.StatusOK, templates.Text{})
}

// question is what a person is asked. The form key is part of the URL to which the page's form is sent.
type question struct {
	flow    storage.Flow
	signIn  storage.SignIn
	request Request
	formKey string
}

// errNothingToAsk says that nobody is signed in or nothing is left to ask. The provider decides what comes next.
var errNothingToAsk = errors.New("nothing to ask")

// question returns the person to ask and the access to ask for. If it returns errNothingToAsk, only the flow of q is set.
func (p *Consent) question(c *gin.Context, now time.Time) (q question, err error) {
	if q.flow, err = p.flow(c, now); err != nil {
		return q, err
	}
	q.signIn, err = p.cfg.Visitor.Current(c.Request, q.flow.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return q, errNothingToAsk
	}
	if err != nil {
		return q, err
	}
	q.request, err = p.cfg.Provider.Describe(c.Request.Context(), q.flow)
	if errors.Is(err, storage.ErrNotFound) || err == nil && len(q.request.Asked.Scopes) == 0 { // the client is gone or may not ask any more
		return q, errNothingToAsk
	}
	q.formKey = q.request.Asked.FormKey(p.cfg.Store, q.signIn, q.flow)
	return q, err
}

// ask shows the page, with a message if that is not empty.
func (p *Consent) ask(c *gin.Context, status int, message templates.Text) error {
	q, err := p.question(c, time.Now())
	if errors.Is(err, errNothingToAsk) || err == nil && !q.flow.DeniedAt.IsZero() {
		return p.proceed(c, q.flow)
	}
	if err != nil {
		return err
	}
	templates.ForApp(c, q.request.App)
	templates.ForLocales(c, q.request.Locales)
	view := p.view(q)
	view.Error = message
	return p.cfg.Pages.Render(c, status, view)
}

func (p *Consent) view(q question) templates.Consent {
	user := q.signIn.User()
	name, _ := user.Claims["name"].(string)
	return templates.Consent{
		Page: templates.Page{
			App: q.request.App, FormTargets: []string{q.request.RedirectURI},
			Action: p.cfg.BasePath + "/consent?" + url.Values{"flow": {q.flow.ID}, "shown": {q.formKey}}.Encode(),
		},
		Person:    templates.Person{Name: name, Email: user.Email},
		SwitchURL: p.cfg.BasePath + "/login?" + url.Values{"flow": {q.flow.ID}}.Encode(),
		Host:      host(q.request.RedirectURI),
		Unproven:  q.request.Unproven,
		Scopes:    p.cfg.Provider.Words(q.request.Asked, user),
	}
}

// host returns the host of a redirect URI, or "" for an app on the person's own device (RFC 8252 section 7).
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

// decide handles POST /consent.
func (p *Consent) decide(c *gin.Context) error {
	decision := c.Request.PostForm.Get("decision")
	if decision != allow && decision != deny {
		return p.ask(c, http.StatusUnprocessableEntity, templates.T("consent.choose"))
	}
	now := time.Now()
	q, err := p.question(c, now)
	if errors.Is(err, errNothingToAsk) {
		return p.proceed(c, q.flow)
	}
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(c.Query("shown")), []byte(q.formKey)) {
		return p.ask(c, http.StatusUnprocessableEntity, templates.T("consent.changed"))
	}
	a := answer{signIn: q.signIn, flow: q.flow, access: q.request.Asked, clientIP: c.ClientIP()}
	act := p.ledger.allow
	if decision == deny {
		act = p.ledger.deny
	}
	return p.answered(c, q.flow, act(c.Request.Context(), a, now))
}

// answered goes on with the flow after an answer was stored. It returns errExpired if storing it failed because the flow is over.
func (p *Consent) answered(c *gin.Context, flow storage.Flow, err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errExpired
	}
	if err != nil {
		return err
	}
	return p.proceed(c, flow)
}

// proceed redirects the browser to the request in progress.
func (p *Consent) proceed(c *gin.Context, flow storage.Flow) error {
	c.Redirect(http.StatusSeeOther, p.cfg.Provider.ContinueURL+"?"+url.Values{"flow": {flow.ID}}.Encode())
	return nil
}
