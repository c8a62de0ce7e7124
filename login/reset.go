package login

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/templates"
)

// showReset is GET /reset.
func (l *Login) showReset(c *gin.Context) error {
	return l.resetPage(c, http.StatusOK, "", templates.Text{})
}

func (l *Login) resetPage(c *gin.Context, status int, name string, message templates.Text) error {
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	return l.cfg.Pages.Render(c, status, templates.Reset{Page: request.page(message), Username: name, SignInURL: l.signInURL(request)})
}

// reset is POST /reset. The answer is the same whether or not there is an account of that name.
func (l *Login) reset(c *gin.Context) error {
	now, name := time.Now(), strings.TrimSpace(c.Request.PostForm.Get("username"))
	if name == "" {
		return l.resetPage(c, http.StatusUnprocessableEntity, "", templates.T("reset.empty"))
	}
	err := l.cfg.Account.AskReset(c.Request.Context(), name, l.cfg.Sessions.Visitor(c), now)
	var wait *account.WaitError
	if errors.As(err, &wait) {
		return l.resetPage(c, http.StatusTooManyRequests, name, retryLater(c, wait, now))
	}
	if err != nil {
		return err
	}
	return l.mailed(c, "/reset/sent", name)
}

// showResetSent is GET /reset/sent.
func (l *Login) showResetSent(c *gin.Context) error {
	text := templates.T("reset.sent")
	if name := l.mailedTo(c); name != "" {
		text = templates.T("reset.sent_for", "Name", name)
	}
	return l.errandMessage(c, http.StatusOK, templates.Message{
		Title: templates.T("reset.sent_title"), Text: text, LinkText: templates.T("reset.back"),
	})
}

// showNewPassword is GET /reset/new. The secret leaves the address at once, as that of an invitation.
func (l *Login) showNewPassword(c *gin.Context) error {
	if ticket := c.Query("ticket"); ticket != "" {
		if len(ticket) != browser.SecretLength {
			return l.resetOver(c)
		}
		l.cfg.Sessions.Set(c.Writer, browser.ResetLink, ticket)
		return l.withoutSecret(c, "/reset/new")
	}
	return l.newPasswordPage(c, http.StatusOK, templates.Text{})
}

func (l *Login) newPasswordPage(c *gin.Context, status int, message templates.Text) error {
	user, err := l.cfg.Account.OpenReset(c.Request.Context(), l.cfg.Sessions.Get(c.Request, browser.ResetLink), time.Now())
	if errors.Is(err, account.ErrTicket) {
		return l.resetOver(c)
	}
	if err != nil {
		return err
	}
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, status, templates.NewPassword{
		Page: request.page(message), Title: templates.T("reset.new_title"), Lead: templates.T("reset.new_lead"), Username: user.Email,
		MinLength: l.cfg.Account.MinPassword(),
	})
}

// setNewPassword is POST /reset/new. Nobody is signed in by it.
func (l *Login) setNewPassword(c *gin.Context) error {
	err := l.cfg.Account.ResetPassword(c.Request.Context(), l.cfg.Sessions.Get(c.Request, browser.ResetLink), c.Request.PostForm.Get("new_password"),
		l.cfg.Sessions.Visitor(c), time.Now())
	var weak *account.WeakPasswordError
	switch {
	case err == nil:
		l.cfg.Sessions.Clear(c.Writer, browser.ResetLink)
		l.cfg.Sessions.Abandon(c.Writer)
		l.chose(c, c.Request.PostForm.Get("new_password"))
		return l.next(c, "/reset/done")
	case errors.As(err, &weak):
		return l.newPasswordPage(c, http.StatusUnprocessableEntity, weakPassword(weak))
	case errors.Is(err, account.ErrSamePassword):
		return l.newPasswordPage(c, http.StatusUnprocessableEntity, samePassword)
	case errors.Is(err, account.ErrTicket):
		return l.resetOver(c)
	}
	return err
}

func (l *Login) resetOver(c *gin.Context) error {
	l.cfg.Sessions.Clear(c.Writer, browser.ResetLink)
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, http.StatusGone, templates.Message{
		Page: request.page(templates.Text{}), Title: templates.T("reset.over_title"), Text: templates.T("reset.over"),
		LinkURL: l.at("/reset", request.way), LinkText: templates.T("reset.again"),
	})
}

// showResetDone is GET /reset/done.
func (l *Login) showResetDone(c *gin.Context) error {
	return l.errandMessage(c, http.StatusOK, templates.Message{
		Title: templates.T("reset.done_title"), Text: templates.T("reset.done"), Strength: l.strength(c),
	})
}
