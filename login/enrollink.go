package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/templates"
)

// enrolNeeded is the page for a person who has no authenticator and no invitation, with a button if one can be mailed; sent says that
// one was.
func (l *Login) enrolNeeded(c *gin.Context, r request, status int, sent bool, message templates.Text) error {
	view := templates.EnrollNeeded{Page: r.page(message), Sent: sent, RestartURL: l.signInURL(r)}
	_, err := l.cfg.Account.MayAskEnrolLink(c.Request.Context(), l.cfg.Sessions.Half(c.Request), time.Now())
	switch {
	case err == nil:
		view.Action = l.at("/login/enroll/link", r.way)
	case !errors.Is(err, account.ErrUnverified):
		return l.halfWay(c, err)
	}
	return l.cfg.Pages.Render(c, status, view)
}

// showEnrolLink is GET /login/enroll/link: an invitation was mailed.
func (l *Login) showEnrolLink(c *gin.Context) error {
	_, err := l.enroller(c)
	if err == nil {
		return l.next(c, "/login/enroll")
	}
	if !errors.Is(err, account.ErrNotEnrolled) {
		return l.halfWay(c, err)
	}
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.enrolNeeded(c, request, http.StatusOK, true, templates.Text{})
}

// sendEnrolLink is POST /login/enroll/link.
func (l *Login) sendEnrolLink(c *gin.Context) error {
	now := time.Now()
	err := l.cfg.Account.AskEnrolLink(c.Request.Context(), l.cfg.Sessions.Half(c.Request), l.cfg.Sessions.Visitor(c), now)
	var wait *account.WaitError
	switch {
	case err == nil:
		return l.next(c, "/login/enroll/link")
	case errors.Is(err, account.ErrUnverified):
		return l.next(c, "/login/enroll")
	case !errors.As(err, &wait):
		return l.halfWay(c, err)
	}
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.enrolNeeded(c, request, http.StatusTooManyRequests, false, retryLater(c, wait, now))
}
