package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// showInvitation is GET /invite.
func (l *Login) showInvitation(c *gin.Context) error { return l.invitationPage(c, form.Shown()) }

func (l *Login) invitationPage(c *gin.Context, answer form.Answer) error {
	user, err := l.cfg.Account.Arrive.OpenInvitation(c.Request.Context(), l.secret(c, invitationLink), time.Now())
	if err != nil {
		return l.refuseInvitation(c, err)
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	return l.cfg.Pages.Render(c, answer.Status, templates.Invitation{
		Page: request.page(answer.Message), Returning: user.Returns(), Username: user.Email, MinLength: l.cfg.Account.Passwords.Min(),
	})
}

// acceptInvitation is POST /invite.
func (l *Login) acceptInvitation(c *gin.Context) error {
	sessions := l.cfg.Sessions
	half, err := l.cfg.Account.Arrive.SetInvitedPassword(c.Request.Context(), arrive.InvitedPassword{
		Secret: l.secret(c, invitationLink), Password: c.Request.PostForm.Get("new_password"),
		Browser: sessions.BrowserSecret(c.Writer, c.Request), Visitor: sessions.Visitor(c),
	}, time.Now())
	if answer, ok := form.NewPassword(err); ok {
		return l.invitationPage(c, answer)
	}
	if err != nil {
		return l.refuseInvitation(c, err)
	}
	sessions.Begin(c.Writer, half)
	return l.next(c, "/login/enroll")
}

// refuseInvitation answers if an invitation cannot be used, and passes other errors on.
func (l *Login) refuseInvitation(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, account.ErrLink):
		return l.linkOver(c, invitationLink)
	case errors.Is(err, account.ErrEnrolled):
		l.cfg.Sessions.Clear(c.Writer, invitationLink.cookie)
		return l.signInMessage(c, http.StatusConflict, templates.Message{Title: templates.T("invite.ready_title"), Text: templates.T("invite.ready")})
	}
	return err
}
