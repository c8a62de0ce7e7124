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

func (l *Login) codeView(r request, pending account.Pending, refused refusal) templates.Code {
	view := templates.Code{
		Page: r.page(refused.message), Username: pending.User.Email, Issuer: l.cfg.Issuer, Digits: commonDigits(pending.Authenticators),
		ServerTime: refused.clock, RecoveryURL: l.at("/login/recovery", r.way), RestartURL: l.at("/login", r.way), CancelURL: l.cancelURL(r),
	}
	for _, a := range pending.Authenticators {
		view.Authenticators = append(view.Authenticators, templates.Authenticator{ID: a.ID, Name: a.Name})
	}
	return view
}

// commonDigits returns how many digits every authenticator shows; 0 when they differ.
func commonDigits(authenticators []storage.Authenticator) int {
	digits := 0
	for _, a := range authenticators {
		if digits != 0 && digits != a.Digits {
			return 0
		}
		digits = a.Digits
	}
	return digits
}

// showCode is GET /login/code.
func (l *Login) showCode(c *gin.Context) error {
	return l.showCodePage(c, refusal{status: http.StatusOK})
}

func (l *Login) showCodePage(c *gin.Context, refused refusal) error {
	request, pending, err := l.pending(c)
	if err != nil {
		return l.halfWay(c, err)
	}
	return l.cfg.Pages.Render(c, refused.status, l.codeView(request, pending, refused))
}

// pending returns the request in progress and the half-done sign-in that waits for a code.
func (l *Login) pending(c *gin.Context) (request, account.Pending, error) {
	request, err := l.request(c)
	if err != nil {
		return request, account.Pending{}, err
	}
	pending, err := l.cfg.Account.Pending(c.Request.Context(), l.cfg.Sessions.Half(c.Request), time.Now())
	return request, pending, err
}

// halfWay sends a person who is at another point of the way to the page for it, and passes other errors on.
func (l *Login) halfWay(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, account.ErrStartAgain):
		return l.startAgain(c)
	case errors.Is(err, account.ErrNotEnrolled):
		return l.next(c, "/login/enroll")
	case errors.Is(err, account.ErrEnrolled):
		return l.next(c, "/login/code")
	}
	return err
}

// codeAttempt returns what a page for codes sent in a field.
func (l *Login) codeAttempt(c *gin.Context, field string) account.CodeAttempt {
	return account.CodeAttempt{
		Half:     l.cfg.Sessions.Half(c.Request),
		Typed:    c.Request.PostForm.Get(field),
		Previous: l.cfg.Sessions.SessionSecret(c.Request),
		Visitor:  l.cfg.Sessions.Visitor(c),
	}
}

// confirmCode is POST /login/code.
func (l *Login) confirmCode(c *gin.Context) error {
	now := time.Now()
	if empty(c, "code") {
		return l.showCodePage(c, nothingTyped("code.empty"))
	}
	done, err := l.cfg.Account.ConfirmCode(c.Request.Context(), l.codeAttempt(c, "code"), now)
	if err == nil {
		return l.completed(c, done)
	}
	if refused, ok := l.refused(c, err, wrongCode, factorClosed, now); ok {
		return l.showCodePage(c, refused)
	}
	return l.halfWay(c, err)
}
