package login

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// showReset is GET /reset.
func (l *Login) showReset(c *gin.Context) error { return l.resetPage(c, form.Shown(), "") }

// resetPage shows the form with the name that was typed into it.
func (l *Login) resetPage(c *gin.Context, answer form.Answer, name string) error {
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	return l.cfg.Pages.Render(c, answer.Status, templates.Reset{
		Page: request.page(answer.Message), Username: name, SignInURL: l.signInURL(request),
	})
}

// reset is POST /reset. The answer is the same whether or not there is an account of that name.
func (l *Login) reset(c *gin.Context) error {
	now, name := time.Now(), strings.TrimSpace(c.Request.PostForm.Get("username"))
	if name == "" {
		return l.resetPage(c, form.Refused(templates.T("reset.empty")), "")
	}
	err := l.cfg.Account.Arrive.AskReset(c.Request.Context(), name, l.cfg.Sessions.Visitor(c), now)
	var wait *account.WaitError
	if errors.As(err, &wait) {
		return l.resetPage(c, form.Wait(c, wait, now), name)
	}
	if err != nil {
		return err
	}
	return l.redirectMailed(c, "/reset/sent", name)
}

// showResetSent is GET /reset/sent.
func (l *Login) showResetSent(c *gin.Context) error {
	text := templates.T("reset.sent")
	if name := l.mailedTo(c); name != "" {
		text = templates.T("reset.sent_for", "Name", name)
	}
	return l.signInMessage(c, http.StatusOK, templates.Message{
		Title: templates.T("reset.sent_title"), Text: text, LinkText: templates.T("reset.back"),
	})
}

// showNewPassword is GET /reset/new.
func (l *Login) showNewPassword(c *gin.Context) error { return l.newPasswordPage(c, form.Shown()) }

func (l *Login) newPasswordPage(c *gin.Context, answer form.Answer) error {
	user, err := l.cfg.Account.Arrive.OpenReset(c.Request.Context(), l.secret(c, resetLink), time.Now())
	if errors.Is(err, account.ErrLink) {
		return l.linkOver(c, resetLink)
	}
	if err != nil {
		return err
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	return l.cfg.Pages.Render(c, answer.Status, templates.NewPassword{
		Page: request.page(answer.Message), Title: templates.T("reset.new_title"), Lead: templates.T("reset.new_lead"), Username: user.Email,
		MinLength: l.cfg.Account.Passwords.Min(),
	})
}

// setNewPassword is POST /reset/new. It signs nobody in.
func (l *Login) setNewPassword(c *gin.Context) error {
	sessions, password := l.cfg.Sessions, c.Request.PostForm.Get("new_password")
	err := l.cfg.Account.Arrive.ResetPassword(c.Request.Context(), l.secret(c, resetLink), password, sessions.Visitor(c), time.Now())
	if answer, ok := form.NewPassword(err); ok {
		return l.newPasswordPage(c, answer)
	}
	if errors.Is(err, account.ErrLink) {
		return l.linkOver(c, resetLink)
	}
	if err != nil {
		return err
	}
	sessions.Clear(c.Writer, resetLink.cookie)
	sessions.Abandon(c.Writer)
	form.KeepStrength(c, sessions, l.cfg.Account.Passwords.Strength(password))
	return l.next(c, "/reset/done")
}

// showResetDone is GET /reset/done.
func (l *Login) showResetDone(c *gin.Context) error {
	return l.signInMessage(c, http.StatusOK, templates.Message{
		Title: templates.T("reset.done_title"), Text: templates.T("reset.done"), Strength: form.Strength(c, l.cfg.Sessions),
	})
}
