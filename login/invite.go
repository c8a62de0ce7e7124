package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showInvitation is GET /invite. The secret leaves the address at once, so that it stays out of the browser's history,
// of screenshots, and of what the page sends elsewhere.
func (l *Login) showInvitation(c *gin.Context) error {
	if ticket := c.Query("ticket"); ticket != "" {
		if len(ticket) != browser.SecretLength {
			return l.invitationOver(c)
		}
		l.cfg.Sessions.Set(c.Writer, browser.InvitationLink, ticket)
		return l.withoutSecret(c, "/invite")
	}
	user, err := l.cfg.Account.OpenInvitation(c.Request.Context(), l.cfg.Sessions.Get(c.Request, browser.InvitationLink), time.Now())
	if err != nil {
		return l.invitationRefused(c, err)
	}
	return l.invitationPage(c, http.StatusOK, user, templates.Text{})
}

func (l *Login) invitationPage(c *gin.Context, status int, user storage.User, message templates.Text) error {
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	return l.cfg.Pages.Render(c, status, templates.Invitation{
		Page: request.page(message), Returning: user.Returns(), Username: user.Email, MinLength: l.cfg.Account.MinPassword(),
	})
}

// acceptInvitation is POST /invite.
func (l *Login) acceptInvitation(c *gin.Context) error {
	sessions, now := l.cfg.Sessions, time.Now()
	ticket := sessions.Get(c.Request, browser.InvitationLink)
	half, err := l.cfg.Account.SetInvitedPassword(c.Request.Context(), account.InvitedPassword{
		Ticket: ticket, Password: c.Request.PostForm.Get("new_password"),
		Browser: sessions.BrowserSecret(c.Writer, c.Request), Visitor: l.cfg.Sessions.Visitor(c),
	}, now)
	var weak *account.WeakPasswordError
	switch {
	case err == nil:
		sessions.Begin(c.Writer, half)
		return l.next(c, "/login/enroll")
	case errors.As(err, &weak):
		user, err := l.cfg.Account.OpenInvitation(c.Request.Context(), ticket, now)
		if err != nil {
			return l.invitationRefused(c, err)
		}
		return l.invitationPage(c, http.StatusUnprocessableEntity, user, weakPassword(weak))
	}
	return l.invitationRefused(c, err)
}

func (l *Login) invitationRefused(c *gin.Context, err error) error {
	switch {
	case errors.Is(err, account.ErrTicket):
		return l.invitationOver(c)
	case errors.Is(err, account.ErrEnrolled):
		l.cfg.Sessions.Clear(c.Writer, browser.InvitationLink)
		return l.errandMessage(c, http.StatusConflict, templates.Message{Title: templates.T("invite.ready_title"), Text: templates.T("invite.ready")})
	}
	return err
}

func (l *Login) invitationOver(c *gin.Context) error {
	l.cfg.Sessions.Clear(c.Writer, browser.InvitationLink)
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, http.StatusGone, templates.Message{
		Page: request.page(templates.Text{}), Title: templates.T("invite.over_title"), Text: templates.T("invite.over"),
		LinkURL: l.signInURL(request), LinkText: templates.T("invite.sign_in_instead"),
	})
}
