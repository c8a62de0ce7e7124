package login

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showHeld is GET /login/password: both factors were right, but somebody else has the password.
func (l *Login) showHeld(c *gin.Context) error { return l.heldPage(c, form.Shown()) }

func (l *Login) heldPage(c *gin.Context, answer form.Answer) error {
	held, err := l.cfg.Sessions.Held(c.Request)
	if errors.Is(err, storage.ErrNotFound) {
		return l.startAgain(c)
	}
	if err != nil {
		return err
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, answer.Status, templates.NewPassword{
		Page: request.page(answer.Message), Title: templates.T("passwordpage.exposed_title"), Lead: templates.T("passwordpage.exposed_lead"),
		Username: held.User().Email, MinLength: l.cfg.Account.Passwords.Min(), SignOutURL: l.at("/logout", request.destination),
	})
}

// chooseNewPassword is POST /login/password. It makes the held sign-in a session.
func (l *Login) chooseNewPassword(c *gin.Context) error {
	held, err := l.cfg.Sessions.Held(c.Request)
	if errors.Is(err, storage.ErrNotFound) {
		return l.startAgain(c)
	}
	if err != nil {
		return err
	}
	done, err := l.cfg.Account.Self.ChooseNewPassword(c.Request.Context(), held, self.PasswordChange{
		New: c.Request.PostForm.Get("new_password"), Session: l.cfg.Sessions.SessionSecret(c.Request), Visitor: l.cfg.Sessions.Visitor(c),
	}, time.Now())
	if answer, ok := form.NewPassword(err); ok {
		return l.heldPage(c, answer)
	}
	switch {
	case err == nil && held.Recovered():
		l.cfg.Sessions.Complete(c.Writer, done)
		return l.next(c, "/login/enroll")
	case err == nil:
		return l.complete(c, done)
	}
	return l.resume(c, err)
}
