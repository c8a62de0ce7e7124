package login

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// signUpURL returns the URL of "Create an account", or "" unless anybody can create an account.
func (l *Login) signUpURL(d destination) string {
	if !l.cfg.Account.Arrive.Open() {
		return ""
	}
	return l.at("/register", d)
}

// showSignUp is GET /register.
func (l *Login) showSignUp(c *gin.Context) error {
	return l.signUpPage(c, form.Shown(), templates.SignUp{})
}

// signUpPage shows the form with the typed values in view.
func (l *Login) signUpPage(c *gin.Context, answer form.Answer, view templates.SignUp) error {
	if !l.cfg.Account.Arrive.Open() {
		l.cfg.Pages.NotFound(c)
		return nil
	}
	request, err := l.optionalRequest(c)
	if err != nil {
		return err
	}
	view.Page, view.SignInURL = request.page(answer.Message), l.signInURL(request)
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	return l.cfg.Pages.Render(c, answer.Status, view)
}

// signUp is POST /register. The answer is the same whether the e-mail address is free or taken.
func (l *Login) signUp(c *gin.Context) error {
	now, typed := time.Now(), arrive.SignUpForm{
		Email: strings.TrimSpace(c.Request.PostForm.Get("email")), Name: strings.TrimSpace(c.Request.PostForm.Get("name")),
		Locale: l.cfg.Pages.LanguageOf(c).Tag, Visitor: l.cfg.Sessions.Visitor(c),
	}
	err := l.cfg.Account.Arrive.AskSignUp(c.Request.Context(), typed, now)
	view := templates.SignUp{Email: typed.Email, Name: typed.Name}
	var invalid *identity.InvalidError
	var wait *account.WaitError
	switch {
	case err == nil:
		return l.redirectMailed(c, "/register/sent", typed.Email)
	case errors.As(err, &wait):
		return l.signUpPage(c, form.Wait(c, wait, now), view)
	case errors.As(err, &invalid):
		view.AboutName = invalid.Field == "name"
		return l.signUpPage(c, form.Refused(form.Invalid(invalid)), view)
	case errors.Is(err, account.ErrClosed):
		l.cfg.Pages.NotFound(c)
		return nil
	}
	return err
}

// showSignUpSent is GET /register/sent.
func (l *Login) showSignUpSent(c *gin.Context) error {
	if !l.cfg.Account.Arrive.Open() {
		l.cfg.Pages.NotFound(c)
		return nil
	}
	text := templates.T("register.sent")
	if email := l.mailedTo(c); email != "" {
		text = templates.T("register.sent_to", "Email", email)
	}
	return l.signInMessage(c, http.StatusOK, templates.Message{
		Title: templates.T("register.sent_title"), Text: text, LinkText: templates.T("reset.back"),
	})
}
