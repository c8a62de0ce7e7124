package login

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showEmail is GET /account/email.
func (l *Login) showEmail(c *gin.Context) error {
	signIn, err := l.signedIn(c, "email")
	if err != nil {
		return err
	}
	return l.emailPage(c, signIn, http.StatusOK, templates.EmailPage{})
}

func (l *Login) emailPage(c *gin.Context, signIn storage.SignIn, status int, view templates.EmailPage) error {
	user := signIn.User()
	waiting, _, err := l.cfg.Account.NewEmail(c.Request.Context(), user, time.Now())
	if err != nil {
		return err
	}
	message := view.Error
	view.AccountPage, view.Verified, view.Waiting = l.accountPage(c, signIn, "email"), user.EmailVerified, waiting
	view.Error, view.Action = message, l.at("/account/email", way{})
	return l.cfg.Pages.Render(c, status, view)
}

// changeEmail is POST /account/email: what its three buttons do.
func (l *Login) changeEmail(c *gin.Context) error {
	signIn, err := l.signedIn(c, "email")
	if err != nil {
		return err
	}
	now := time.Now()
	did, view := "", templates.EmailPage{}
	switch c.Request.PostForm.Get("do") {
	case "verify":
		did = "verify"
		err = l.cfg.Account.AskVerification(c.Request.Context(), signIn, l.cfg.Sessions.Visitor(c), now)
		if errors.Is(err, account.ErrVerified) {
			did, err = "", nil
		}
	case "cancel":
		err = l.cfg.Account.CancelEmailChange(c.Request.Context(), signIn, l.cfg.Sessions.Visitor(c), now)
	default:
		fresh, sent := l.recently(c, "email")
		if sent != nil {
			return sent
		}
		view.Email = strings.TrimSpace(c.Request.PostForm.Get("email"))
		err = l.cfg.Account.AskEmailChange(c.Request.Context(), fresh, view.Email, l.cfg.Sessions.Visitor(c), now)
	}
	switch {
	case err == nil:
		return l.did(c, "email", did)
	case errors.Is(err, account.ErrStartAgain):
		return l.signInFirst(c, "email")
	}
	return l.emailRefused(c, signIn, err, view, now)
}

func (l *Login) emailRefused(c *gin.Context, signIn storage.SignIn, err error, view templates.EmailPage, now time.Time) error {
	status := http.StatusUnprocessableEntity
	var fault *account.InvalidError
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		status, view.Error = http.StatusTooManyRequests, retryLater(c, wait, now)
	case errors.As(err, &fault):
		view.Error = wrongInput(fault)
	case errors.Is(err, account.ErrSameEmail):
		view.Error = templates.T("emailpage.same")
	default:
		return err
	}
	return l.emailPage(c, signIn, status, view)
}
