package login

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// showCodes is GET /login/codes. A reload shows the same codes until they are acknowledged.
func (l *Login) showCodes(c *gin.Context) error { return l.codesPage(c, form.Shown()) }

func (l *Login) codesPage(c *gin.Context, answer form.Answer) error {
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
	if enrolment.RecoveryCodes == nil {
		return l.next(c, "/login/enroll")
	}
	return l.cfg.Pages.Render(c, answer.Status, templates.RecoveryCodes{
		Page: request.page(answer.Message), Sheet: templates.Sheet{Account: enrolment.Account, Codes: enrolment.RecoveryCodes, MadeAt: time.Now()},
	})
}

// acknowledgeCodes is POST /login/codes: from now on the authenticator is a factor, and the person is signed in.
func (l *Login) acknowledgeCodes(c *gin.Context) error {
	if c.Request.PostForm.Get("saved") != "yes" {
		return l.codesPage(c, form.Refused(templates.T("codes.tick")))
	}
	who, err := l.enroller(c)
	if err != nil {
		return l.refuseEnrolment(c, err)
	}
	previous := l.cfg.Sessions.SessionSecret(c.Request)
	done, err := l.cfg.Account.Enrol.AcknowledgeCodes(c.Request.Context(), who, previous, l.cfg.Sessions.Visitor(c), time.Now())
	switch {
	case err == nil:
		return l.complete(c, done)
	case errors.Is(err, account.ErrEnrolmentLost), errors.Is(err, account.ErrNotConfirmed):
		return l.next(c, "/login/enroll")
	}
	return l.resume(c, err)
}
