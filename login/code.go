package login

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

func (l *Login) codeView(r request, pending signin.Pending, answer form.Answer) templates.Code {
	view := templates.Code{
		Page: r.page(answer.Message), Username: pending.User.Email, Issuer: l.cfg.Issuer, Digits: commonDigits(pending.Authenticators),
		ServerTime: answer.Clock, RecoveryURL: l.at("/login/recovery", r.destination), RestartURL: l.at("/login", r.destination),
		CancelURL: l.cancelURL(r),
	}
	for _, a := range pending.Authenticators {
		view.Authenticators = append(view.Authenticators, templates.Authenticator{ID: a.ID, Name: a.Name})
	}
	return view
}

// commonDigits returns how many digits the codes of all authenticators have, or 0 if they differ.
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
func (l *Login) showCode(c *gin.Context) error { return l.codePage(c, form.Shown()) }

func (l *Login) codePage(c *gin.Context, answer form.Answer) error {
	request, pending, err := l.pending(c)
	if err != nil {
		return l.resume(c, err)
	}
	return l.cfg.Pages.Render(c, answer.Status, l.codeView(request, pending, answer))
}

// pending returns the request in progress and the half-done sign-in, which waits for a code.
func (l *Login) pending(c *gin.Context) (request, signin.Pending, error) {
	request, err := l.request(c)
	if err != nil {
		return request, signin.Pending{}, err
	}
	pending, err := l.cfg.Account.SignIn.Pending(c.Request.Context(), l.cfg.Sessions.Half(c.Request), time.Now())
	return request, pending, err
}

// resume sends a person who is at another step of the sign-in to the page of that step, and passes other errors on.
func (l *Login) resume(c *gin.Context, err error) error {
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

// codeAttempt returns the attempt with the code that was typed into a field.
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
	if form.Empty(c, "code") {
		return l.codePage(c, form.Refused(templates.T("code.empty")))
	}
	done, err := l.cfg.Account.SignIn.ConfirmCode(c.Request.Context(), l.codeAttempt(c, "code"), now)
	if err == nil {
		return l.complete(c, done)
	}
	if answer, ok := form.Code(c, l.cfg.Sessions, err, now); ok {
		return l.codePage(c, answer)
	}
	return l.resume(c, err)
}

// showRecovery is GET /login/recovery.
func (l *Login) showRecovery(c *gin.Context) error { return l.recoveryPage(c, form.Shown()) }

func (l *Login) recoveryPage(c *gin.Context, answer form.Answer) error {
	request, pending, err := l.pending(c)
	if err != nil {
		return l.resume(c, err)
	}
	return l.cfg.Pages.Render(c, answer.Status, templates.Recovery{
		Page: request.page(answer.Message), Username: pending.User.Email,
		CodeURL: l.at("/login/code", request.destination), CancelURL: l.cancelURL(request),
	})
}

// useRecoveryCode is POST /login/recovery. It leads to the enrolment of a new authenticator, because the old one is probably lost.
func (l *Login) useRecoveryCode(c *gin.Context) error {
	now := time.Now()
	if form.Empty(c, "recovery_code") {
		return l.recoveryPage(c, form.Refused(templates.T("recovery.empty")))
	}
	done, err := l.cfg.Account.Recovery.UseRecoveryCode(c.Request.Context(), l.codeAttempt(c, "recovery_code"), now)
	if err == nil {
		if done.Held {
			return l.complete(c, done)
		}
		l.cfg.Sessions.Complete(c.Writer, done)
		return l.next(c, "/login/enroll")
	}
	if answer, ok := form.RecoveryCode(c, l.cfg.Sessions, err, now); ok {
		return l.recoveryPage(c, answer)
	}
	return l.resume(c, err)
}
