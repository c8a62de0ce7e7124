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

func (l *Login) signInView(r request, username string, message templates.Text) templates.SignIn {
	return templates.SignIn{Page: r.page(message), Username: username, OfferRemember: l.cfg.OfferRemember, CancelURL: l.cancelURL(r),
		ResetURL: l.at("/reset", r.way), RegisterURL: l.registerURL(r.way)}
}

// showSignIn is GET /login. It asks unless the browser has the sign-in that is needed: by now, when another tab brought it since the provider
// sent the person here.
func (l *Login) showSignIn(c *gin.Context) error {
	request, err := l.request(c)
	if err != nil {
		return err
	}
	view := l.signInView(request, request.LoginHint, templates.Text{})
	signIn, err := l.cfg.Sessions.Current(c.Request, "")
	switch {
	case err == nil && request.answeredBy(signIn, time.Now()):
		return l.leave(c)
	case err == nil && request.flow == "":
		view.Username, view.Again = signIn.User().Email, true
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	path, _, err := l.waiting(c.Request)
	if err == nil {
		return l.next(c, path)
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	l.cfg.Sessions.Browser(c.Writer, c.Request)
	return l.cfg.Pages.Render(c, http.StatusOK, view)
}

// answeredBy reports whether a sign-in of the browser is all that is needed on this way: for a request in progress the provider says so, and a
// section of the account pages may want one that is not too old.
func (r request) answeredBy(signIn storage.SignIn, now time.Time) bool {
	switch {
	case r.flow != "":
		return r.Answers != nil && r.Answers(signIn, now)
	case r.section != "":
		_, fresh := account.FreshSignIn(signIn, now)
		return fresh
	}
	return true
}

// signIn is POST /login.
func (l *Login) signIn(c *gin.Context) error {
	form, now, sessions := c.Request.PostForm, time.Now(), l.cfg.Sessions
	if empty(c, "username") || form.Get("password") == "" {
		return l.signInAgain(c, http.StatusUnprocessableEntity, templates.T("signin.empty"))
	}
	half, err := l.cfg.Account.Authenticate(c.Request.Context(), account.PasswordAttempt{
		Name: form.Get("username"), Password: form.Get("password"), Remember: form.Get("remember") == "yes",
		Ticket:  sessions.Get(c.Request, browser.InvitationLink),
		Browser: sessions.BrowserSecret(c.Writer, c.Request),
		Visitor: l.cfg.Sessions.Visitor(c),
	}, now)
	var wait *account.WaitError
	switch {
	case err == nil:
		sessions.Begin(c.Writer, half)
		return l.next(c, "/login/code")
	case errors.As(err, &wait):
		return l.signInAgain(c, http.StatusTooManyRequests, retryLater(c, wait, now))
	case errors.Is(err, account.ErrCredentials):
		return l.signInAgain(c, http.StatusUnprocessableEntity, wrongCredentials)
	}
	return err
}

// signInAgain keeps the name and drops the password.
func (l *Login) signInAgain(c *gin.Context, status int, message templates.Text) error {
	request, err := l.request(c)
	if err != nil {
		return err
	}
	view := l.signInView(request, c.Request.PostForm.Get("username"), message)
	view.Remember = c.Request.PostForm.Get("remember") == "yes"
	return l.cfg.Pages.Render(c, status, view)
}

// showCancel is GET /login/cancel. A link must not give a request up: browsers follow some before anybody has clicked.
func (l *Login) showCancel(c *gin.Context) error { return l.next(c, "/login") }

// cancel is POST /login/cancel: the app is told that the person gave up (access_denied).
func (l *Login) cancel(c *gin.Context) error {
	request, err := l.request(c)
	if err != nil {
		return err
	}
	if request.flow == "" {
		return l.next(c, "/login")
	}
	err = l.cfg.Flows.DenyFlow(c.Request.Context(), request.flow, time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return errExpired
	}
	if err != nil {
		return err
	}
	return l.leave(c)
}
