package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showPassword is GET /account/password.
func (l *Login) showPassword(c *gin.Context) error {
	fresh, err := l.recently(c, "password")
	if err != nil {
		return err
	}
	return l.passwordPage(c, fresh, http.StatusOK, templates.PasswordPage{})
}

func (l *Login) passwordPage(c *gin.Context, fresh account.Fresh, status int, view templates.PasswordPage) error {
	message := view.Error
	view.AccountPage, view.MinLength = l.accountPage(c, fresh.SignIn(), "password"), l.cfg.Account.MinPassword()
	view.Error, view.Action, view.Strength = message, l.at("/account/password", way{}), l.strength(c)
	return l.cfg.Pages.Render(c, status, view)
}

// changePassword is POST /account/password.
func (l *Login) changePassword(c *gin.Context) error {
	fresh, err := l.recently(c, "password")
	if err != nil {
		return err
	}
	if empty(c, "password") {
		return l.passwordPage(c, fresh, http.StatusUnprocessableEntity, templates.PasswordPage{
			AccountPage: templates.AccountPage{Page: templates.Page{Error: templates.T("passwordpage.empty")}},
		})
	}
	now := time.Now()
	done, err := l.cfg.Account.ChangePassword(c.Request.Context(), fresh, l.passwordChange(c), now)
	var view templates.PasswordPage
	status := http.StatusUnprocessableEntity
	var weak *account.WeakPasswordError
	var wait *account.WaitError
	switch {
	case err == nil:
		l.cfg.Sessions.Complete(c.Writer, done)
		l.chose(c, c.Request.PostForm.Get("new_password"))
		return l.did(c, "password", "password")
	case errors.As(err, &wait):
		status, view.Error = http.StatusTooManyRequests, retryLater(c, wait, now)
	case errors.Is(err, account.ErrCredentials):
		view.Error = templates.T("passwordpage.wrong")
	case errors.As(err, &weak):
		view.Error, view.AboutNew = weakPassword(weak), true
	case errors.Is(err, account.ErrSamePassword):
		view.Error, view.AboutNew = samePassword, true
	default:
		return l.halfWay(c, err)
	}
	return l.passwordPage(c, fresh, status, view)
}

func (l *Login) passwordChange(c *gin.Context) account.PasswordChange {
	return account.PasswordChange{
		Current: c.Request.PostForm.Get("password"), New: c.Request.PostForm.Get("new_password"),
		Session: l.cfg.Sessions.SessionSecret(c.Request), Visitor: l.cfg.Sessions.Visitor(c),
	}
}

// showHeld is GET /login/password: both factors were right, but somebody else has the password.
func (l *Login) showHeld(c *gin.Context) error {
	return l.heldPage(c, http.StatusOK, templates.Text{})
}

func (l *Login) heldPage(c *gin.Context, status int, message templates.Text) error {
	held, err := l.cfg.Sessions.Held(c.Request)
	if errors.Is(err, storage.ErrNotFound) {
		return l.startAgain(c)
	}
	if err != nil {
		return err
	}
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, status, templates.NewPassword{
		Page: request.page(message), Title: templates.T("passwordpage.exposed_title"), Lead: templates.T("passwordpage.exposed_lead"),
		Username: held.User().Email, MinLength: l.cfg.Account.MinPassword(), SignOutURL: l.at("/logout", request.way),
	})
}

// chooseNewPassword is POST /login/password. Only now the sign-in is worth something.
func (l *Login) chooseNewPassword(c *gin.Context) error {
	held, err := l.cfg.Sessions.Held(c.Request)
	if errors.Is(err, storage.ErrNotFound) {
		return l.startAgain(c)
	}
	if err != nil {
		return err
	}
	done, err := l.cfg.Account.ChooseNewPassword(c.Request.Context(), held, l.passwordChange(c), time.Now())
	var weak *account.WeakPasswordError
	switch {
	case err == nil && held.Recovered():
		l.cfg.Sessions.Complete(c.Writer, done)
		return l.next(c, "/login/enroll")
	case err == nil:
		return l.completed(c, done)
	case errors.As(err, &weak):
		return l.heldPage(c, http.StatusUnprocessableEntity, weakPassword(weak))
	case errors.Is(err, account.ErrSamePassword):
		return l.heldPage(c, http.StatusUnprocessableEntity, samePassword)
	}
	return l.halfWay(c, err)
}
