package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// showSignIn is GET /login. It shows the form unless the browser already has the sign-in that is needed, perhaps from another tab.
func (l *Login) showSignIn(c *gin.Context) error {
	request, err := l.request(c)
	if err != nil {
		return err
	}
	view := l.signInView(request, request.LoginHint, templates.Text{})
	signIn, err := l.cfg.Sessions.Current(c.Request, "")
	switch {
	case err == nil && request.answeredBy(signIn, time.Now()):
		return l.arrive(c)
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

func (l *Login) signInView(r request, username string, message templates.Text) templates.SignIn {
	return templates.SignIn{
		Page: r.page(message), Username: username, OfferRemember: l.cfg.OfferRemember, CancelURL: l.cancelURL(r),
		ResetURL: l.at("/reset", r.destination), RegisterURL: l.signUpURL(r.destination),
	}
}

// answeredBy reports whether the browser's sign-in is sufficient. For a request in progress the provider decides; a section of the account
// pages may require a recent one.
func (r request) answeredBy(signIn storage.SignIn, now time.Time) bool {
	switch {
	case r.flow != "":
		return r.Answers != nil && r.Answers(signIn, now)
	case r.section != "":
		_, fresh := self.FreshSignIn(signIn, now)
		return fresh
	}
	return true
}

// waiting returns the page and the person of a sign-in that has passed both factors and cannot be used before the person has finished that
// page. It returns storage.ErrNotFound if the browser has no such sign-in.
func (l *Login) waiting(r *http.Request) (path string, user storage.User, err error) {
	held, err := l.cfg.Sessions.Held(r)
	if !errors.Is(err, storage.ErrNotFound) {
		return "/login/password", held.User(), err
	}
	enrolling, err := l.cfg.Sessions.Enrolling(r)
	return "/login/enroll", enrolling.User(), err
}

// signIn is POST /login.
func (l *Login) signIn(c *gin.Context) error {
	typed, now, sessions := c.Request.PostForm, time.Now(), l.cfg.Sessions
	if form.Empty(c, "username") || typed.Get("password") == "" {
		return l.signInAgain(c, form.Refused(templates.T("signin.empty")))
	}
	half, err := l.cfg.Account.SignIn.Authenticate(c.Request.Context(), signin.PasswordAttempt{
		Name: typed.Get("username"), Password: typed.Get("password"), Remember: typed.Get("remember") == "yes",
		Invitation: l.secret(c, invitationLink), Browser: sessions.BrowserSecret(c.Writer, c.Request), Visitor: sessions.Visitor(c),
	}, now)
	var wait *account.WaitError
	switch {
	case err == nil:
		sessions.Begin(c.Writer, half)
		return l.next(c, "/login/code")
	case errors.As(err, &wait):
		return l.signInAgain(c, form.Wait(c, wait, now))
	case errors.Is(err, account.ErrCredentials):
		return l.signInAgain(c, form.Refused(templates.T("login.wrong_credentials")))
	}
	return err
}

// signInAgain shows the form again, with the name and without the password.
func (l *Login) signInAgain(c *gin.Context, answer form.Answer) error {
	request, err := l.request(c)
	if err != nil {
		return err
	}
	view := l.signInView(request, c.Request.PostForm.Get("username"), answer.Message)
	view.Remember = c.Request.PostForm.Get("remember") == "yes"
	return l.cfg.Pages.Render(c, answer.Status, view)
}

// StartAgain answers a browser whose sign-in has ended or ended before a form arrived. If another tab has completed it, the person
// continues as if it had been completed here.
func (l *Login) StartAgain(c *gin.Context) error { return l.orExpired(l.startAgain)(c) }

func (l *Login) startAgain(c *gin.Context) error {
	_, err := l.cfg.Sessions.Current(c.Request, "")
	switch {
	case err == nil:
		return l.arrive(c)
	case !errors.Is(err, storage.ErrNotFound):
		return err
	}
	switch path, _, err := l.waiting(c.Request); {
	case err == nil:
		return l.next(c, path)
	case !errors.Is(err, storage.ErrNotFound):
		return err
	case c.Request.Method != http.MethodPost:
		return l.next(c, "/login")
	}
	request, err := l.request(c)
	if err != nil {
		return err
	}
	view := l.signInView(request, "", templates.T("login.too_late"))
	view.Action = l.at("/login", request.destination)
	return l.cfg.Pages.Render(c, http.StatusUnprocessableEntity, view)
}

// showCancel is GET /login/cancel. Following a link must not cancel a request, because browsers follow some links before anybody has
// clicked.
func (l *Login) showCancel(c *gin.Context) error { return l.next(c, "/login") }

// cancel is POST /login/cancel. The app is told that the person has cancelled (access_denied, RFC 6749 section 4.1.2.1).
func (l *Login) cancel(c *gin.Context) error {
	request, err := l.request(c)
	if err != nil {
		return err
	}
	if request.flow == "" {
		return l.next(c, "/login")
	}
	err = l.cfg.Provider.Flows.Deny(c.Request.Context(), request.flow, time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return errExpired
	}
	if err != nil {
		return err
	}
	return l.arrive(c)
}
