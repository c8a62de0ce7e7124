package consent

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// Visitor tells who uses a browser.
type Visitor interface {
	// Current returns the complete sign-in of the browser that sent r, with what its user has granted to a client. It returns
	// [storage.ErrNotFound] if the browser has no complete sign-in; a half-done one does not count.
	Current(r *http.Request, clientID string) (storage.SignIn, error)
	// Browser returns the hash of the cookie that tells this browser from others. It sets the cookie if there is none.
	Browser(w http.ResponseWriter, r *http.Request) []byte
}

// Request is what a client asks for, according to its registration and the stored authorization request.
type Request struct {
	App   templates.App
	Asked storage.Access
	// Locales is ui_locales of OIDC Core section 3.1.2.1.
	Locales string
	// RedirectURI is where the answer goes.
	RedirectURI string
	// Unproven says that nothing proves which app is asking, as with a native app without a secret (RFC 8252 section 8.6).
	Unproven bool
}

// App is a client in the list of apps with access.
type App struct {
	templates.App
	Unasked bool // it is one of the operator's own apps, which skip the consent page
}

// Provider has the functions of package provider that the page needs, because consent does not import it. All fields are required.
type Provider struct {
	// Describe returns what the client of a flow asks for. It returns [storage.ErrNotFound] if the client is gone.
	Describe func(context.Context, storage.Flow) (Request, error)
	// Client returns a client as it is shown in the list of apps, or [storage.ErrNotFound].
	Client func(ctx context.Context, id string) (App, error)
	// Over shows the page that says that a flow is over.
	Over func(*gin.Context) error
	// Words describes an access in words, with the user's data that the app would see. For the zero User it shows no data.
	Words func(storage.Access, storage.User) []templates.Scope
	// ContinueURL is the URL at which a flow goes on. The id of the flow is added as its query.
	ContinueURL string
}

func (p Provider) complete() bool {
	return p.Describe != nil && p.Client != nil && p.Over != nil && p.Words != nil && p.ContinueURL != ""
}

// Config configures [New]. All fields but BasePath are required.
type Config struct {
	Store    *storage.Store
	Audit    *audit.Log
	Visitor  Visitor
	Pages    *templates.Pages
	Log      *slog.Logger
	Provider Provider
	// BasePath is the path of the issuer: empty, or for example "/auth".
	BasePath string
}

// Consent serves the consent page, and tells the account pages which apps have access.
type Consent struct {
	cfg    Config
	ledger ledger
}

// New returns the page. It returns an error if a required field of cfg is missing.
func New(cfg Config) (*Consent, error) {
	if cfg.Store == nil || cfg.Audit == nil || cfg.Visitor == nil || cfg.Pages == nil || cfg.Log == nil || !cfg.Provider.complete() {
		return nil, errors.New("consent.New: every field but BasePath is required")
	}
	return &Consent{cfg: cfg, ledger: ledger{store: cfg.Store, audit: cfg.Audit}}, nil
}

// Mount adds the page to r, the router for the issuer's path.
func (p *Consent) Mount(r gin.IRouter) {
	handle := templates.Handle(p.cfg.Pages, p.cfg.Log, public)
	r.GET("/consent", handle(p.orExpired(p.show)))
	r.POST("/consent", handle(templates.ReadForm), handle(p.orExpired(p.decide)))
}

// errExpired says that the flow in the query is over, or belongs to another browser.
var errExpired = errors.New("request in progress is over")

// orExpired returns handler, but shows the page for a flow that is over if handler returns errExpired.
func (p *Consent) orExpired(handler func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		err := handler(c)
		if errors.Is(err, errExpired) {
			return p.cfg.Provider.Over(c)
		}
		return err
	}
}

// flow returns the flow whose id is in the query, or errExpired.
func (p *Consent) flow(c *gin.Context, now time.Time) (storage.Flow, error) {
	id := c.Query("flow")
	if len(id) != len(storage.NewID()) {
		return storage.Flow{}, errExpired
	}
	flow, err := p.cfg.Store.Flows.ByID(c.Request.Context(), id, p.cfg.Visitor.Browser(c.Writer, c.Request), now)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Flow{}, errExpired
	}
	return flow, err
}
