package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/templates"
)

// newAuthenticatorSection is where a sign-in leads back to. One that replaces goes by the list, because a request names no
// authenticator on the way through a sign-in.
func newAuthenticatorSection(c *gin.Context) string {
	if c.Query("replaces") != "" {
		return "authenticators"
	}
	return "authenticators/new"
}

// showNewAuthenticator is GET /account/authenticators/new: one more, or in place of the one that "replaces" names.
func (l *Login) showNewAuthenticator(c *gin.Context) error {
	return l.showNewAuthenticatorPage(c, refusal{status: http.StatusOK}, false)
}

func (l *Login) showNewAuthenticatorPage(c *gin.Context, refused refusal, nameWrong bool) error {
	who, err := l.changer(c, newAuthenticatorSection(c))
	if err != nil {
		return err
	}
	view := templates.NewAuthenticator{AccountPage: withMessage(l.accountPage(c, who.SignIn(), "authenticators"), refused.message)}
	replaces, name := c.Query("replaces"), ""
	if replaces != "" {
		old, err := l.authenticator(c, who.SignIn(), "replaces")
		if err != nil {
			return l.mayNotChange(c, err)
		}
		view.Replaces, name = []templates.Authenticator{authenticatorView(old)}, old.Name
	}
	enrolment, err := l.cfg.Account.NewAuthenticator(c.Request.Context(), who, replaces, l.cfg.Sessions.Visitor(c), time.Now())
	if err != nil {
		return l.mayNotChange(c, err)
	}
	if view.Setup, err = setupOf(enrolment, refused); err != nil {
		return err
	}
	view.ID, view.AskName, view.Name, view.NameWrong = enrolment.ID, true, name, nameWrong
	if typed, sent := c.Request.PostForm["name"]; sent {
		view.Name = typed[0]
	}
	return l.cfg.Pages.Render(c, refused.status, view)
}

// confirmAuthenticator is POST /account/authenticators/new.
func (l *Login) confirmAuthenticator(c *gin.Context) error {
	who, err := l.changer(c, newAuthenticatorSection(c))
	if err != nil {
		return err
	}
	if empty(c, "code") {
		return l.showNewAuthenticatorPage(c, nothingTyped("code.empty"), false)
	}
	form, now := c.Request.PostForm, time.Now()
	typed := account.Confirmation{ID: form.Get("enrolment"), Replaces: c.Query("replaces"), Name: form.Get("name"), Code: form.Get("code")}
	device, err := l.cfg.Account.ConfirmAuthenticator(c.Request.Context(), who, typed, l.cfg.Sessions.Visitor(c), now)
	var invalid *account.InvalidError
	switch {
	case err == nil:
		return l.addedAuthenticator(c, typed, device)
	case errors.As(err, &invalid):
		return l.showNewAuthenticatorPage(c, refusal{status: http.StatusUnprocessableEntity, message: templates.T("authenticators.long_name")}, true)
	case errors.Is(err, account.ErrEnrolmentLost):
		return l.showNewAuthenticatorPage(c, refusal{status: http.StatusUnprocessableEntity, message: newKey}, false)
	}
	if refused, ok := l.refused(c, err, wrongCode, factorClosed, now); ok {
		return l.showNewAuthenticatorPage(c, refused, false)
	}
	return l.mayNotChange(c, err)
}

func (l *Login) addedAuthenticator(c *gin.Context, typed account.Confirmation, device string) error {
	if device != "" {
		l.cfg.Sessions.Trust(c.Writer, device)
	}
	if typed.Replaces != "" {
		return l.did(c, "authenticators", "replaced")
	}
	return l.did(c, "authenticators", "added")
}
