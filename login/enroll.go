package login

import (
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// enroller returns who may enrol in this browser: a half-done sign-in with a ticket, a sign-in that is worth nothing before, or a session
// that a recovery code has just opened.
func (l *Login) enroller(c *gin.Context) (account.Enroller, error) {
	now := time.Now()
	who, invitedErr := l.cfg.Account.InvitedEnroller(c.Request.Context(), l.cfg.Sessions.Half(c.Request), now)
	if !errors.Is(invitedErr, account.ErrStartAgain) && !errors.Is(invitedErr, account.ErrEnrolled) {
		return who, invitedErr
	}
	enrolling, err := l.cfg.Sessions.Enrolling(c.Request)
	switch {
	case err == nil:
		return account.MustEnroller(enrolling), nil
	case !errors.Is(err, storage.ErrNotFound):
		return account.Enroller{}, err
	case errors.Is(invitedErr, account.ErrEnrolled):
		return account.Enroller{}, invitedErr
	}
	signIn, err := l.cfg.Sessions.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		return account.Enroller{}, account.ErrStartAgain
	}
	if err != nil {
		return account.Enroller{}, err
	}
	return l.cfg.Account.RecoveredEnroller(signIn, now)
}

// mayNotEnrol answers who is not at this point of the way.
func (l *Login) mayNotEnrol(c *gin.Context, err error) error {
	if !errors.Is(err, account.ErrNotEnrolled) {
		return l.halfWay(c, err)
	}
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.enrolNeeded(c, request, http.StatusForbidden, false, templates.Text{})
}

// showEnrolment is GET /login/enroll.
func (l *Login) showEnrolment(c *gin.Context) error {
	return l.showEnrolmentPage(c, refusal{status: http.StatusOK})
}

func (l *Login) showEnrolmentPage(c *gin.Context, refused refusal) error {
	who, err := l.enroller(c)
	if err != nil {
		return l.mayNotEnrol(c, err)
	}
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	enrolment, err := l.cfg.Account.Enrolment(c.Request.Context(), who, l.cfg.Sessions.Visitor(c), time.Now())
	if err != nil {
		return err
	}
	if enrolment.RecoveryCodes != nil {
		return l.next(c, "/login/codes")
	}
	setup, err := setupOf(enrolment, refused)
	if err != nil {
		return err
	}
	view := templates.Enroll{Page: request.page(refused.message), Setup: setup}
	switch {
	case who.Must():
		view.Must, view.Renews, view.SignOutURL = true, who.Renews(), l.at("/logout", way{})
	case who.Replaces():
		view.SkipURL = l.afterwards(request.way)
	}
	return l.cfg.Pages.Render(c, refused.status, view)
}

func setupOf(e account.Enrolment, refused refusal) (templates.Setup, error) {
	qr, err := otp.QR(e.URI, "QR code of the setup key")
	if err != nil {
		return templates.Setup{}, err
	}
	return templates.Setup{
		Issuer: e.Issuer, Account: e.Account, QR: template.HTML(qr), URI: template.URL(e.URI),
		Key: strings.Fields(e.Key.Groups()), Algorithm: e.Key.Algorithm, Digits: e.Key.Digits, Period: e.Key.Period, ServerTime: refused.clock,
	}, nil
}

// confirmEnrolment is POST /login/enroll.
func (l *Login) confirmEnrolment(c *gin.Context) error {
	who, err := l.enroller(c)
	if err != nil {
		return l.mayNotEnrol(c, err)
	}
	now := time.Now()
	if empty(c, "code") {
		return l.showEnrolmentPage(c, nothingTyped("code.empty"))
	}
	err = l.cfg.Account.ConfirmEnrolment(c.Request.Context(), who, c.Request.PostForm.Get("code"), l.cfg.Sessions.Visitor(c), now)
	if err == nil {
		return l.next(c, "/login/codes")
	}
	if errors.Is(err, account.ErrEnrolmentLost) {
		return l.showEnrolmentPage(c, refusal{status: http.StatusUnprocessableEntity, message: newKey})
	}
	if refused, ok := l.refused(c, err, wrongCode, factorClosed, now); ok {
		return l.showEnrolmentPage(c, refused)
	}
	return err
}
