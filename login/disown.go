package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/templates"
)

// showDisowning is GET /reset/not-me: the link in a mail about a sign-in in a new browser. Looking at the page changes nothing: programs
// that scan mail follow links too.
func (l *Login) showDisowning(c *gin.Context) error {
	if ticket := c.Query("ticket"); ticket != "" {
		if len(ticket) != browser.SecretLength {
			return l.disowningOver(c)
		}
		l.cfg.Sessions.Set(c.Writer, browser.DisownLink, ticket)
		return l.withoutSecret(c, "/reset/not-me")
	}
	user, at, err := l.cfg.Account.OpenDisowning(c.Request.Context(), l.cfg.Sessions.Get(c.Request, browser.DisownLink), time.Now())
	if errors.Is(err, account.ErrTicket) {
		return l.disowningOver(c)
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

// disown is POST /reset/not-me. The sign-in ends, and the person goes on to a new password.
func (l *Login) disown(c *gin.Context) error {
	secret, err := l.cfg.Account.Disown(c.Request.Context(), l.cfg.Sessions.Get(c.Request, browser.DisownLink), l.cfg.Sessions.Visitor(c), time.Now())
	if errors.Is(err, account.ErrTicket) {
		return l.disowningOver(c)
	}
	if err != nil {
		return err
	}
	l.cfg.Sessions.Clear(c.Writer, browser.DisownLink)
	l.cfg.Sessions.Set(c.Writer, browser.ResetLink, secret)
	return l.next(c, "/reset/new")
}

// disowningOver is for a link that was used or is too old: a new password is to be had all the same.
func (l *Login) disowningOver(c *gin.Context) error {
	l.cfg.Sessions.Clear(c.Writer, browser.DisownLink)
	return l.cfg.Pages.Render(c, http.StatusGone, templates.Message{
		Title: templates.T("reset.over_title"), Text: templates.T("reset.disown_over"),
		LinkURL: l.at("/reset", way{}), LinkText: templates.T("reset.again"),
	})
}
