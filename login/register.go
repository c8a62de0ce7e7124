package login

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/templates"
)

// registerURL is where "Create an account" leads; empty unless anybody can make one.
func (l *Login) registerURL(w way) string {
	if !l.cfg.Account.Open() {
		return ""
	}
	return l.at("/register", w)
}

// showRegister is GET /register.
func (l *Login) showRegister(c *gin.Context) error {
	return l.registerPage(c, http.StatusOK, templates.Register{})
}

func (l *Login) registerPage(c *gin.Context, status int, view templates.Register) error {
	if !l.cfg.Account.Open() {
		l.cfg.Pages.NotFound(c)
		return nil
	}
	request, err := l.errand(c)
	if err != nil {
		return err
	}
	view.Page, view.SignInURL = request.page(view.Error), l.signInURL(request)
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	return l.cfg.Pages.Render(c, status, view)
}

// register is POST /register. The answer is the same whether the address is free or taken.
func (l *Login) register(c *gin.Context) error {
	now, form := time.Now(), account.RegistrationForm{
		Email: strings.TrimSpace(c.Request.PostForm.Get("email")), Name: strings.TrimSpace(c.Request.PostForm.Get("name")),
		Locale: l.cfg.Pages.LanguageOf(c).Tag, Visitor: l.cfg.Sessions.Visitor(c),
	}
	err := l.cfg.Account.Register(c.Request.Context(), form, now)
	view := templates.Register{Email: form.Email, Name: form.Name}
	var fault *account.InvalidError
	var wait *account.WaitError
	switch {
	case err == nil:
		return l.mailed(c, "/register/sent", form.Email)
	case errors.As(err, &wait):
		view.Error = retryLater(c, wait, now)
		return l.registerPage(c, http.StatusTooManyRequests, view)
	case errors.As(err, &fault):
		view.Error, view.AboutName = wrongInput(fault), fault.Field == "name"
		return l.registerPage(c, http.StatusUnprocessableEntity, view)
	case errors.Is(err, account.ErrClosed):
		l.cfg.Pages.NotFound(c)
		return nil
	}
	return err
}

// wrongInput is the sentence for a fault in a name or an address.
func wrongInput(fault *account.InvalidError) templates.Text {
	if fault.Lookalike {
		return templates.T("register.lookalike")
	}
	return templates.T("register.wrong_" + fault.Field)
}

// showRegisterSent is GET /register/sent.
func (l *Login) showRegisterSent(c *gin.Context) error {
	if !l.cfg.Account.Open() {
		l.cfg.Pages.NotFound(c)
		return nil
	}
	text := templates.T("register.sent")
	if email := l.mailedTo(c); email != "" {
		text = templates.T("register.sent_to", "Email", email)
	}
	return l.errandMessage(c, http.StatusOK, templates.Message{
		Title: templates.T("register.sent_title"), Text: text, LinkText: templates.T("reset.back"),
	})
}
