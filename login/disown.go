package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/templates"
)

// showDisowning is GET /reset/not-me: the link in a mail about a sign-in in a new browser.
func (l *Login) showDisowning(c *gin.Context) error {
	user, at, err := l.cfg.Account.Recovery.OpenDisowning(c.Request.Context(), l.secret(c, disownLink), time.Now())
	if errors.Is(err, account.ErrLink) {
		return l.linkOver(c, disownLink)
	}
	if err != nil {
		return err
	}
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	return l.cfg.Pages.Render(c, http.StatusOK, templates.Confirm{
		Title:  templates.T("reset.disown_title"),
		Text:   templates.T("reset.disown", "Email", user.Email, "At", at.UTC().Format("2006-01-02 15:04 MST")),
		Button: templates.T("reset.disown_button"),
	})
}

// disown is POST /reset/not-me. It ends the sign-in and leads to a new password.
func (l *Login) disown(c *gin.Context) error {
	reset, err := l.cfg.Account.Recovery.Disown(c.Request.Context(), l.secret(c, disownLink), l.cfg.Sessions.Visitor(c), time.Now())
	if errors.Is(err, account.ErrLink) {
		return l.linkOver(c, disownLink)
	}
	if err != nil {
		return err
	}
	l.cfg.Sessions.Clear(c.Writer, disownLink.cookie)
	l.cfg.Sessions.Set(c.Writer, resetLink.cookie, reset)
	return l.next(c, resetLink.path)
}
