package self

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// newAuthenticatorSection returns the section to which a sign-in leads back. For a replacement it is the list, because the sign-in does not
// remember which authenticator is to be replaced.
func newAuthenticatorSection(c *gin.Context) string {
	if c.Query("replaces") != "" {
		return "authenticators"
	}
	return "authenticators/new"
}

// showNewAuthenticator is GET /account/authenticators/new. The new authenticator is an additional one, or replaces the one that the
// parameter replaces names.
func (p *Pages) showNewAuthenticator(c *gin.Context) error {
	return p.newAuthenticatorPage(c, form.Shown(), false)
}

func (p *Pages) newAuthenticatorPage(c *gin.Context, answer form.Answer, nameWrong bool) error {
	who, err := p.changer(c, newAuthenticatorSection(c))
	if err != nil {
		return err
	}
	view := templates.NewAuthenticator{AccountPage: withMessage(p.accountPage(c, who.SignIn(), "authenticators"), answer.Message)}
	replaces, name := c.Query("replaces"), ""
	if replaces != "" {
		old, err := p.authenticator(c, who.SignIn(), "replaces")
		if err != nil {
			return p.refuseChange(c, err)
		}
		view.Replaces, name = []templates.Authenticator{authenticatorView(old)}, old.Name
	}
	enrolment, err := p.cfg.Account.NewAuthenticator(c.Request.Context(), who, replaces, p.cfg.Sessions.Visitor(c), time.Now())
	if err != nil {
		return p.refuseChange(c, err)
	}
	if view.Setup, err = form.Setup(enrolment, answer.Clock); err != nil {
		return err
	}
	view.ID, view.AskName, view.Name, view.NameWrong = enrolment.ID, true, name, nameWrong
	if typed, sent := c.Request.PostForm["name"]; sent {
		view.Name = typed[0]
	}
	return p.cfg.Pages.Render(c, answer.Status, view)
}

// confirmAuthenticator is POST /account/authenticators/new.
func (p *Pages) confirmAuthenticator(c *gin.Context) error {
	who, err := p.changer(c, newAuthenticatorSection(c))
	if err != nil {
		return err
	}
	if form.Empty(c, "code") {
		return p.newAuthenticatorPage(c, form.Refused(templates.T("code.empty")), false)
	}
	sent, now := c.Request.PostForm, time.Now()
	typed := self.Confirmation{ID: sent.Get("enrolment"), Replaces: c.Query("replaces"), Name: sent.Get("name"), Code: sent.Get("code")}
	device, err := p.cfg.Account.ConfirmAuthenticator(c.Request.Context(), who, typed, p.cfg.Sessions.Visitor(c), now)
	var invalid *identity.InvalidError
	switch {
	case err == nil:
		return p.addedAuthenticator(c, typed, device)
	case errors.As(err, &invalid):
		return p.newAuthenticatorPage(c, form.Refused(templates.T("authenticators.long_name")), true)
	case errors.Is(err, account.ErrEnrolmentLost):
		return p.newAuthenticatorPage(c, form.Refused(templates.T("login.new_key")), false)
	}
	if answer, ok := form.Code(c, p.cfg.Sessions, err, now); ok {
		return p.newAuthenticatorPage(c, answer, false)
	}
	return p.refuseChange(c, err)
}

func (p *Pages) addedAuthenticator(c *gin.Context, typed self.Confirmation, device string) error {
	if device != "" {
		p.cfg.Sessions.Trust(c.Writer, device)
	}
	if typed.Replaces != "" {
		return p.redirectDone(c, "authenticators", "replaced")
	}
	return p.redirectDone(c, "authenticators", "added")
}
