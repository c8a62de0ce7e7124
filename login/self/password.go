package self

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// showPassword is GET /account/password.
func (p *Pages) showPassword(c *gin.Context) error {
	fresh, err := p.freshSignIn(c, "password")
	if err != nil {
		return err
	}
	return p.passwordPage(c, fresh, form.Shown(), false)
}

// passwordPage shows the form. aboutNew says that the message is about the new password, not the current one.
func (p *Pages) passwordPage(c *gin.Context, fresh self.Fresh, answer form.Answer, aboutNew bool) error {
	view := templates.PasswordPage{
		AccountPage: withMessage(p.accountPage(c, fresh.SignIn(), "password"), answer.Message), AboutNew: aboutNew,
		MinLength: p.cfg.Passwords.Min(), Strength: form.Strength(c, p.cfg.Sessions),
	}
	view.Action = p.at("/account/password")
	return p.cfg.Pages.Render(c, answer.Status, view)
}

// changePassword is POST /account/password.
func (p *Pages) changePassword(c *gin.Context) error {
	fresh, err := p.freshSignIn(c, "password")
	if err != nil {
		return err
	}
	if form.Empty(c, "password") {
		return p.passwordPage(c, fresh, form.Refused(templates.T("passwordpage.empty")), false)
	}
	change := self.PasswordChange{
		Current: c.Request.PostForm.Get("password"), New: c.Request.PostForm.Get("new_password"),
		Session: p.cfg.Sessions.SessionSecret(c.Request), Visitor: p.cfg.Sessions.Visitor(c),
	}
	now := time.Now()
	done, err := p.cfg.Account.ChangePassword(c.Request.Context(), fresh, change, now)
	if err == nil {
		p.cfg.Sessions.Complete(c.Writer, done)
		form.KeepStrength(c, p.cfg.Sessions, p.cfg.Passwords.Strength(change.New))
		return p.redirectDone(c, "password", "password")
	}
	if answer, ok := form.NewPassword(err); ok {
		return p.passwordPage(c, fresh, answer, true)
	}
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		return p.passwordPage(c, fresh, form.Wait(c, wait, now), false)
	case errors.Is(err, account.ErrCredentials):
		return p.passwordPage(c, fresh, form.Refused(templates.T("passwordpage.wrong")), false)
	case errors.Is(err, account.ErrStartAgain):
		return p.cfg.StartAgain(c)
	}
	return err
}
