package login

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/enrol"
	"github.com/postern-id/postern/login/account/recovery"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Request is what the pages need to know of an authorization request in progress.
type Request struct {
	App       templates.App
	LoginHint string // login_hint of OIDC Core section 3.1.2.1
	Locales   string // ui_locales of the same section
	// RedirectURI is where the response goes; a page whose form leads there must allow it in its Content-Security-Policy.
	RedirectURI string
	// Answers reports whether a sign-in satisfies the request. If it is nil, a new sign-in is needed.
	Answers func(signIn storage.SignIn, now time.Time) bool
}

// Provider has the functions of package provider that the pages call without importing it. All fields are required.
type Provider struct {
	Flows *storage.Flows // the authorization requests in progress
	// Describe returns the request of a flow.
	Describe func(context.Context, storage.Flow) (Request, error)
	// App returns what to show of a client. Errors: storage.ErrNotFound if there is no such client.
	App func(ctx context.Context, client string) (templates.App, error)
	// Over shows the page for a flow that is over.
	Over func(*gin.Context) error
	// Frames returns the front-channel logout URIs of clients that were used in a session.
	Frames func(context.Context, []storage.ClientSession) ([]templates.Frame, error)
	// ContinueURL is the URL that continues a flow, whose id is added to its query.
	ContinueURL string
}

func (p Provider) complete() bool {
	return p.Flows != nil && p.Describe != nil && p.App != nil && p.Over != nil && p.Frames != nil && p.ContinueURL != ""
}

// Account has the journeys that begin before a person is signed in or with a mailed link. All fields are required.
type Account struct {
	SignIn    *signin.Service
	Enrol     *enrol.Service
	Recovery  *recovery.Service
	Arrive    *arrive.Service
	Self      *self.Service
	Passwords *account.Passwords
}

func (a Account) complete() bool {
	return a.SignIn != nil && a.Enrol != nil && a.Recovery != nil && a.Arrive != nil && a.Self != nil && a.Passwords != nil
}

// Config is what New needs. All fields but the last two are required.
type Config struct {
	Account  Account
	Sessions *browser.Sessions
	Pages    *templates.Pages
	Log      *slog.Logger
	Provider Provider
	// Sections are the account pages to which a sign-in may return, as paths below /account/. A request names one of them, never a URL.
	Sections []string
	// Issuer is the name of the service in authenticator apps.
	Issuer string
	// BasePath is the path of the issuer: empty, or such as "/auth".
	BasePath string
	// OfferRemember shows "keep me signed in".
	OfferRemember bool
}

// Login serves the sign-in pages.
type Login struct{ cfg Config }

// New returns the pages, or an error that says which fields of cfg are required.
func New(cfg Config) (*Login, error) {
	if cfg.Sessions == nil || cfg.Pages == nil || cfg.Log == nil || cfg.Sections == nil || cfg.Issuer == "" {
		return nil, errors.New("login.New: Sessions, Pages, Log, Sections and Issuer are required")
	}
	if !cfg.Account.complete() || !cfg.Provider.complete() {
		return nil, errors.New("login.New: every field of Account and Provider is required")
	}
	return &Login{cfg: cfg}, nil
}

// Mount adds the pages to r, which stands for the issuer's path.
func (l *Login) Mount(r gin.IRouter) {
	handle := templates.Handle(l.cfg.Pages, l.cfg.Log, form.Public)
	page := func(path string, show, post func(*gin.Context) error) {
		r.GET(path, handle(l.orExpired(show)))
		if post != nil {
			r.POST(path, handle(templates.ReadForm), handle(l.orExpired(post)))
		}
	}
	link := func(k link, show, post func(*gin.Context) error) { page(k.path, l.opened(k, show), post) }
	page("/login", l.showSignIn, l.signIn)
	page("/login/code", l.showCode, l.confirmCode)
	page("/login/recovery", l.showRecovery, l.useRecoveryCode)
	page("/login/enroll", l.showEnrolment, l.confirmEnrolment)
	page("/login/codes", l.showCodes, l.acknowledgeCodes)
	page("/login/cancel", l.showCancel, l.cancel)
	page("/login/password", l.showHeld, l.chooseNewPassword)
	page("/login/enroll/link", l.showEnrolLink, l.sendEnrolLink)
	link(invitationLink, l.showInvitation, l.acceptInvitation)
	page("/register", l.showSignUp, l.signUp)
	page("/register/sent", l.showSignUpSent, nil)
	link(verificationLink, l.showVerification, l.verify)
	page("/verify/done", l.showVerified, nil)
	page("/reset", l.showReset, l.reset)
	page("/reset/sent", l.showResetSent, nil)
	link(resetLink, l.showNewPassword, l.setNewPassword)
	page("/reset/done", l.showResetDone, nil)
	link(disownLink, l.showDisowning, l.disown)
	page("/logout", l.showSignOut, l.signOut)
}
