package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/enrol"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// enroller returns the permission to enrol in this browser. It comes from a half-done sign-in with an invitation, from a sign-in that must
// enrol first, or from a session that was just opened with a recovery code.
func (l *Login) enroller(c *gin.Context) (enrol.Enroller, error) {
	now := time.Now()
	who, invitedErr := l.cfg.Account.Enrol.InvitedEnroller(c.Request.Context(), l.cfg.Sessions.Half(c.Request), now)
	if !errors.Is(invitedErr, account.ErrStartAgain) && !errors.Is(invitedErr, account.ErrEnrolled) {
		return who, invitedErr
	}
	enrolling, err := l.cfg.Sessions.Enrolling(c.Request)
	switch {
	case err == nil:
		return enrol.MustEnroller(enrolling), nil
	case !errors.Is(err, storage.ErrNotFound):
		return enrol.Enroller{}, err
	case errors.Is(invitedErr, account.ErrEnrolled):
		return enrol.Enroller{}, invitedErr
	}
	signIn, err := l.cfg.Sessions.Current(c.Request, "")
	if errors.Is(err, storage.ErrNotFound) {
		return enrol.Enroller{}, account.ErrStartAgain
	}
	if err != nil {
		return enrol.Enroller{}, err
	}
	return l.cfg.Account.Enrol.RecoveredEnroller(signIn, now)
}

// refuseEnrolment answers a person who may not enrol now, and passes other errors on.
func (l *Login) refuseEnrolment(c *gin.Context, err error) error {
	if !errors.Is(err, account.ErrNotEnrolled) {
		return l.resume(c, err)
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	return l.enrolLinkPage(c, request, form.Answer{Status: http.StatusForbidden}, false)
}

// showEnrolment is GET /login/enroll.
func (l *Login) showEnrolment(c *gin.Context) error { return l.enrolmentPage(c, form.Shown()) }

func (l *Login) enrolmentPage(c *gin.Context, answer form.Answer) error {
	who, err := l.enroller(c)
	if err != nil {
		return l.refuseEnrolment(c, err)
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	enrolment, err := l.cfg.Account.Enrol.Enrolment(c.Request.Context(), who, l.cfg.Sessions.Visitor(c), time.Now())
	if err != nil {
		return err
	}
	if enrolment.RecoveryCodes != nil {
		return l.next(c, "/login/codes")
	}
	setup, err := form.Setup(enrolment, answer.Clock)
	if err != nil {
		return err
	}
	view := templates.Enroll{Page: request.page(answer.Message), Setup: setup}
	switch {
	case who.Must():
		view.Must, view.Renews, view.SignOutURL = true, who.Renews(), l.at("/logout", destination{})
	case who.Replaces():
		view.SkipURL = l.arrivalURL(request.destination)
	}
	return l.cfg.Pages.Render(c, answer.Status, view)
}

// confirmEnrolment is POST /login/enroll.
func (l *Login) confirmEnrolment(c *gin.Context) error {
	who, err := l.enroller(c)
	if err != nil {
		return l.refuseEnrolment(c, err)
	}
	now := time.Now()
	if form.Empty(c, "code") {
		return l.enrolmentPage(c, form.Refused(templates.T("code.empty")))
	}
	err = l.cfg.Account.Enrol.ConfirmEnrolment(c.Request.Context(), who, c.Request.PostForm.Get("code"), l.cfg.Sessions.Visitor(c), now)
	if err == nil {
		return l.next(c, "/login/codes")
	}
	if errors.Is(err, account.ErrEnrolmentLost) {
		return l.enrolmentPage(c, form.Refused(templates.T("login.new_key")))
	}
	if answer, ok := form.Code(c, l.cfg.Sessions, err, now); ok {
		return l.enrolmentPage(c, answer)
	}
	return err
}

// enrolLinkPage is the page for a person with neither an authenticator nor an invitation. It has a button if an invitation can be mailed;
// sent is true if one was.
func (l *Login) enrolLinkPage(c *gin.Context, r request, answer form.Answer, sent bool) error {
	view := templates.EnrollNeeded{Page: r.page(answer.Message), Sent: sent, RestartURL: l.signInURL(r)}
	_, err := l.cfg.Account.Enrol.MayAskEnrolLink(c.Request.Context(), l.cfg.Sessions.Half(c.Request), time.Now())
	switch {
	case err == nil:
		view.Action = l.at("/login/enroll/link", r.destination)
	case !errors.Is(err, account.ErrUnverified):
		return l.resume(c, err)
	}
	return l.cfg.Pages.Render(c, answer.Status, view)
}

// showEnrolLink is GET /login/enroll/link. It says that an invitation was mailed.
func (l *Login) showEnrolLink(c *gin.Context) error {
	_, err := l.enroller(c)
	if err == nil {
		return l.next(c, "/login/enroll")
	}
	if !errors.Is(err, account.ErrNotEnrolled) {
		return l.resume(c, err)
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	return l.enrolLinkPage(c, request, form.Shown(), true)
}

// sendEnrolLink is POST /login/enroll/link.
func (l *Login) sendEnrolLink(c *gin.Context) error {
	now := time.Now()
	err := l.cfg.Account.Enrol.AskEnrolLink(c.Request.Context(), l.cfg.Sessions.Half(c.Request), l.cfg.Sessions.Visitor(c), now)
	var wait *account.WaitError
	switch {
	case err == nil:
		return l.next(c, "/login/enroll/link")
	case errors.Is(err, account.ErrUnverified):
		return l.next(c, "/login/enroll")
	case !errors.As(err, &wait):
		return l.resume(c, err)
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	return l.enrolLinkPage(c, request, form.Wait(c, wait, now), false)
}
