package login

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Flows is the authorize requests in progress.
type Flows interface {
	// Flow returns a flow that the browser with that cookie hash began. storage.ErrNotFound says that there is none, it is
	// another browser's, or it is over.
	Flow(ctx context.Context, id string, browserHash []byte, now time.Time) (storage.Flow, error)
	// DenyFlow notes that the person gave the request up. storage.ErrNotFound says that it is over.
	DenyFlow(ctx context.Context, id string, now time.Time) error
}

var _ Flows = (*storage.Store)(nil)

// Request is what the pages show of an authorize request in progress.
type Request struct {
	App       templates.App
	LoginHint string // login_hint of OIDC Core section 3.1.2.1
	Locales   string // ui_locales of the same section
	// RedirectURI is where the answer goes; pages whose form ends there must allow it.
	RedirectURI string
	// Answers reports whether the request needs no other sign-in than this one; nil: it does.
	Answers func(signIn storage.SignIn, now time.Time) bool
}

// Config is what New needs. All fields but the last two are required.
type Config struct {
	Account  *account.Service
	Sessions *browser.Sessions
	Pages    *templates.Pages
	Flows    Flows
	// Describe returns what to show of a flow.
	Describe func(context.Context, storage.Flow) (Request, error)
	// App returns what to show of a client. storage.ErrNotFound says that there is none.
	App func(ctx context.Context, client string) (templates.App, error)
	// Over shows the page for a flow that is over.
	Over func(*gin.Context) error
	// Frames returns what a browser shows for apps to learn that a session has ended which was at them.
	Frames func(context.Context, []storage.Visit) ([]templates.Frame, error)
	Log    *slog.Logger
	// ContinueURL is the address that goes on with a flow: the flow's id is added to its query.
	ContinueURL string
	// Issuer is the name of the service in authenticator apps.
	Issuer string
	// BasePath is the path of the issuer: empty, or such as "/auth".
	BasePath string
	// OfferRemember shows "keep me signed in".
	OfferRemember bool
}

// Login serves the pages.
type Login struct{ cfg Config }

// New returns the pages or an error that says what is missing.
func New(cfg Config) (*Login, error) {
	if cfg.Account == nil || cfg.Sessions == nil || cfg.Pages == nil || cfg.Flows == nil || cfg.Describe == nil || cfg.App == nil || cfg.Over == nil ||
		cfg.Frames == nil || cfg.Log == nil {
		return nil, errors.New("login.New: Account, Sessions, Pages, Flows, Describe, App, Over, Frames and Log are required")
	}
	if cfg.ContinueURL == "" || cfg.Issuer == "" {
		return nil, errors.New("login.New: ContinueURL and Issuer are required")
	}
	return &Login{cfg: cfg}, nil
}

// Mount adds the pages to r, which stands for the issuer's path.
func (l *Login) Mount(r gin.IRouter) {
	handle := templates.Handle(l.cfg.Pages, l.cfg.Log, public)
	page := func(path string, show, post func(*gin.Context) error) {
		r.GET(path, handle(l.orExpired(orSent(show))))
		if post != nil {
			r.POST(path, handle(templates.ReadForm), handle(l.orExpired(orSent(post))))
		}
	}
	r.GET("/", l.toAccount)
	if l.cfg.BasePath != "" {
		r.GET("", l.toAccount) // the issuer itself, as people type it
	}
	page("/login", l.showSignIn, l.signIn)
	page("/login/code", l.showCode, l.confirmCode)
	page("/login/recovery", l.showRecovery, l.useRecoveryCode)
	page("/login/enroll", l.showEnrolment, l.confirmEnrolment)
	page("/login/codes", l.showCodes, l.acknowledgeCodes)
	page("/login/cancel", l.showCancel, l.cancel)
	page("/login/password", l.showHeld, l.chooseNewPassword)
	page("/login/enroll/link", l.showEnrolLink, l.sendEnrolLink)
	page("/invite", l.showInvitation, l.acceptInvitation)
	page("/register", l.showRegister, l.register)
	page("/register/sent", l.showRegisterSent, nil)
	page("/verify", l.showVerification, l.verify)
	page("/verify/done", l.showVerified, nil)
	page("/reset", l.showReset, l.reset)
	page("/reset/sent", l.showResetSent, nil)
	page("/reset/new", l.showNewPassword, l.setNewPassword)
	page("/reset/not-me", l.showDisowning, l.disown)
	page("/reset/done", l.showResetDone, nil)
	page("/account", l.showHome, nil)
	page("/account/profile", l.showProfile, l.changeProfile)
	page("/account/sessions", l.showSessions, l.endSessions)
	page("/account/activity", l.showActivity, nil)
	page("/account/data", l.showData, l.downloadData)
	page("/account/close", l.showClose, l.closeAccount)
	page("/account/closed", l.showClosed, nil)
	page(authenticatorsPage, l.showAuthenticators, nil)
	page(authenticatorsPage+"/new", l.showNewAuthenticator, l.confirmAuthenticator)
	page(authenticatorsPage+"/rename", l.showRename, l.rename)
	page(authenticatorsPage+"/remove", l.showRemoval, l.remove)
	page("/account/codes", l.showCodesLeft, l.makeCodes)
	page("/account/codes/new", l.showNewCodes, l.keepCodes)
	page("/account/password", l.showPassword, l.changePassword)
	page("/account/email", l.showEmail, l.changeEmail)
	page("/logout", l.showSignOut, l.signOut)
	r.GET("/.well-known/change-password", func(c *gin.Context) { c.Redirect(http.StatusSeeOther, l.at("/account/password", way{})) })
}

// toAccount leads from the address of the service to the account, and so to the sign-in.
func (l *Login) toAccount(c *gin.Context) { c.Redirect(http.StatusSeeOther, l.at("/account", way{})) }

// errExpired: the flow that the address names is over, or another browser's.
var errExpired = errors.New("request in progress is over")

// orExpired shows the page for a flow that is over.
func (l *Login) orExpired(handler func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		err := handler(c)
		if errors.Is(err, errExpired) {
			return l.cfg.Over(c)
		}
		return err
	}
}

// way is what a sign-in is for: the request in progress, or a section of the account pages. Its zero value is neither.
type way struct{ flow, section string }

// wayOf returns the way that the address names.
func wayOf(c *gin.Context) way { return way{c.Query("flow"), section(c)} }

// request is the request in progress that a page belongs to; its zero value is none.
type request struct {
	way
	Request
	over bool
}

// request returns the request that the address names, or errExpired.
func (l *Login) request(c *gin.Context) (request, error) {
	id := c.Query("flow")
	if id == "" {
		return request{way: wayOf(c)}, nil
	}
	if !storage.IsID(id) {
		return request{}, errExpired
	}
	flow, err := l.cfg.Flows.Flow(c.Request.Context(), id, l.cfg.Sessions.Browser(c.Writer, c.Request), time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return request{}, errExpired
	}
	if err != nil {
		return request{}, err
	}
	described, err := l.cfg.Describe(c.Request.Context(), flow)
	if err != nil {
		return request{}, err
	}
	templates.ForApp(c, described.App)
	templates.ForLocales(c, described.Locales)
	return request{way: way{flow: id}, Request: described}, nil
}

// page returns the part that all views share, with what is wrong with the form, if anything.
func (r request) page(message templates.Text) templates.Page {
	page := templates.Page{App: r.App, Error: message}
	if r.RedirectURI != "" {
		page.FormTargets = []string{r.RedirectURI}
	}
	return page
}

// at returns the address of a page of this package, on the same way.
func (l *Login) at(path string, w way) string {
	address := l.cfg.BasePath + path
	switch {
	case w.flow != "":
		address += "?" + url.Values{"flow": {w.flow}}.Encode()
	case w.section != "":
		address += "?" + url.Values{"to": {w.section}}.Encode()
	}
	return address
}

// cancelURL returns the address that gives the request up; empty when there is none.
func (l *Login) cancelURL(r request) string {
	if r.flow == "" {
		return ""
	}
	return l.at("/login/cancel", r.way)
}

// next sends the browser to another page on the same way.
func (l *Login) next(c *gin.Context, path string) error {
	c.Redirect(http.StatusSeeOther, l.at(path, wayOf(c)))
	return nil
}

// afterwards is where a person goes who is signed in: on with the request in progress, to the section, or to the account page.
func (l *Login) afterwards(w way) string {
	switch {
	case w.flow != "":
		return l.cfg.ContinueURL + "?" + url.Values{"flow": {w.flow}}.Encode()
	case w.section != "":
		return l.cfg.BasePath + "/account/" + w.section
	}
	return l.cfg.BasePath + "/account"
}

// completed stores a complete sign-in and leaves, by the page for a new password when it is held.
func (l *Login) completed(c *gin.Context, done account.Done) error {
	l.cfg.Sessions.Complete(c.Writer, done)
	switch {
	case done.Held:
		return l.next(c, "/login/password")
	case done.MustEnrol:
		return l.next(c, "/login/enroll")
	}
	return l.leave(c)
}

// leave sends the browser there.
func (l *Login) leave(c *gin.Context) error {
	c.Redirect(http.StatusSeeOther, l.afterwards(wayOf(c)))
	return nil
}

// waiting returns the page and the person of a sign-in of the browser after both factors that is worth nothing before something is done on
// that page. storage.ErrNotFound says that there is none.
func (l *Login) waiting(r *http.Request) (path string, user storage.User, err error) {
	held, err := l.cfg.Sessions.Held(r)
	if !errors.Is(err, storage.ErrNotFound) {
		return "/login/password", held.User(), err
	}
	enrolling, err := l.cfg.Sessions.Enrolling(r)
	return "/login/enroll", enrolling.User(), err
}
