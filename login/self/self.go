package self

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/arrive"
	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/login/form"
	"github.com/postern-id/postern/templates"
)

// Config is what New needs. All fields but BasePath are required.
type Config struct {
	Account   *self.Service
	Arrive    *arrive.Service // mails the link that verifies an e-mail address
	Passwords *account.Passwords
	Sessions  *browser.Sessions
	Pages     *templates.Pages
	Log       *slog.Logger
	// Apps returns the apps that have access to a user's account.
	Apps func(ctx context.Context, userID string, now time.Time) ([]templates.AppAccess, error)
	// Withdraw ends an app's access. Errors: storage.ErrNotFound if the app has no access.
	Withdraw func(ctx context.Context, userID, clientID, clientIP string, now time.Time) error
	// StartAgain answers a browser whose sign-in ended before its form arrived.
	StartAgain func(*gin.Context) error
	// BasePath is the path of the issuer: empty, or such as "/auth".
	BasePath string
}

// Pages serves the account pages.
type Pages struct{ cfg Config }

// New returns the pages, or an error that says which fields of cfg are required.
func New(cfg Config) (*Pages, error) {
	if cfg.Account == nil || cfg.Arrive == nil || cfg.Passwords == nil || cfg.Sessions == nil || cfg.Pages == nil || cfg.Log == nil || cfg.Apps == nil || cfg.Withdraw == nil || cfg.StartAgain == nil {
		return nil, errors.New("self.New: every field but BasePath is required")
	}
	return &Pages{cfg: cfg}, nil
}

// Sections returns the account pages to which a sign-in may return, as paths below /account/.
func Sections() []string {
	return []string{
		"profile", "email", "password", "authenticators", "authenticators/new", "codes", "codes/new", "sessions", "apps", "activity", "data", "close",
	}
}

const authenticatorsPage = "/account/authenticators"

// Mount adds the pages to r, which stands for the issuer's path.
func (p *Pages) Mount(r gin.IRouter) {
	handle := templates.Handle(p.cfg.Pages, p.cfg.Log, public)
	page := func(path string, show, post func(*gin.Context) error) {
		r.GET(path, handle(orRedirected(show)))
		if post != nil {
			r.POST(path, handle(templates.ReadForm), handle(orRedirected(post)))
		}
	}
	r.GET("/", p.redirect("/account"))
	if p.cfg.BasePath != "" {
		r.GET("", p.redirect("/account")) // the issuer itself, as people type it
	}
	r.GET("/.well-known/change-password", p.redirect("/account/password"))
	page("/account", p.showHome, nil)
	page("/account/profile", p.showProfile, p.changeProfile)
	page("/account/sessions", p.showSessions, p.endSessions)
	page("/account/apps", p.showApps, p.withdraw)
	page("/account/activity", p.showActivity, nil)
	page("/account/data", p.showData, p.downloadData)
	page("/account/close", p.showClose, p.closeAccount)
	page("/account/closed", p.showClosed, nil)
	page(authenticatorsPage, p.showAuthenticators, nil)
	page(authenticatorsPage+"/new", p.showNewAuthenticator, p.confirmAuthenticator)
	page(authenticatorsPage+"/rename", p.showRename, p.rename)
	page(authenticatorsPage+"/remove", p.showRemoval, p.remove)
	page("/account/codes", p.showCodesLeft, p.makeCodes)
	page("/account/codes/new", p.showNewCodes, p.keepCodes)
	page("/account/password", p.showPassword, p.changePassword)
	page("/account/email", p.showEmail, p.changeEmail)
}

// at returns the URL of a path of the issuer.
func (p *Pages) at(path string) string { return p.cfg.BasePath + path }

// redirect returns a handler that redirects to a path of the issuer.
func (p *Pages) redirect(path string) gin.HandlerFunc {
	return func(c *gin.Context) { c.Redirect(http.StatusSeeOther, p.at(path)) }
}

var (
	// errNotFound: an id in the request does not exist or belongs to somebody else. The answer does not say which.
	errNotFound = errors.New("the person has nothing with this id")
	// errNoAccess: the app whose access should end has no access.
	errNoAccess = errors.New("the app has no access")
)

// public translates errors that the person cannot correct in a form.
func public(err error) (status int, title, message templates.Text) {
	if errors.Is(err, errNotFound) || errors.Is(err, errNoAccess) {
		return http.StatusNotFound, templates.T("error.not_found_title"), templates.T("error.not_found")
	}
	return form.Public(err)
}
