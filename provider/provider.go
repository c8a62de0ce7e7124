package provider

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/authorize"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/device"
	"github.com/postern-id/postern/provider/discovery"
	"github.com/postern-id/postern/provider/engine"
	"github.com/postern-id/postern/provider/exchange"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/provider/logout"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/provider/resource"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/loop"
	"github.com/postern-id/postern/templates"
)

// Config is what a [Provider] needs. Every field but RefreshGrace is required.
type Config struct {
	Issuer     string // without a slash at the end
	SignInURL  string // of the page that asks for the password
	ConsentURL string // of the page that asks for consent

	Store   *storage.Store
	Audit   *audit.Log
	Keys    *keys.Ring
	Clients *client.Registry
	Fetch   *fetch.Client // for URLs that clients have registered
	SignIns SignIns
	Pages   *templates.Pages
	Log     *slog.Logger

	Registration     registration.Policy // who may register clients
	PKCERequired     bool                // of all clients that register themselves, not only of public ones
	UnsignedIDTokens bool                // announced: [client.Config] has it too

	FlowLife        time.Duration // lifetime of a request in progress
	CodeLife        time.Duration
	AccessTokenLife time.Duration
	IDTokenLife     time.Duration
	RefreshIdle     time.Duration // after which an unused refresh token expires
	RefreshAbsolute time.Duration // after which a family of refresh tokens expires
	RefreshGrace    time.Duration // for how long a refresh whose answer was lost may be repeated
}

// SignIns tells who is signed in. It is the only way in which the protocol learns of a person.
type SignIns interface {
	authorize.SignIns
	device.SignIns
	page.SignIns
	logout.SignIns
}

// Provider serves the protocol endpoints.
type Provider struct {
	log          *slog.Logger
	page         *page.Pages
	authorize    *authorize.Endpoint
	exchange     *exchange.Exchange
	device       *device.Endpoint
	logout       *logout.Endpoints
	registration *registration.Endpoint
	resource     *resource.Endpoints
	notifier     *logout.Notifier
	documents    *discovery.Documents
}

// New returns a provider. The error says which part of the configuration is missing.
func New(cfg Config) (*Provider, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return build(cfg, parts{grants: cfg.Store.Grants, limits: authorize.NewLimits()})
}

// parts are the parts that a test can replace: by grants that do something between two statements, and by lower limits.
type parts struct {
	grants grants
	limits authorize.Limits
}

// grants is the part of [storage.Grants] that the packages below use.
type grants interface {
	token.Grants
	engine.Grants
	exchange.Grants
	authorize.Grants
	device.Grants
}

// build builds a provider from a complete configuration.
func build(cfg Config, with parts) (*Provider, error) {
	p := &Provider{log: cfg.Log}
	budget := clientauth.NewBudget(cfg.Audit)
	proofs := token.NewProofs(cfg.Issuer, cfg.Store)
	tokens := token.New(token.Config{
		Issuer: cfg.Issuer, Store: cfg.Store, Grants: with.grants, Audit: cfg.Audit, Keys: cfg.Keys, Clients: cfg.Clients,
		AccessTokenLife: cfg.AccessTokenLife, IDTokenLife: cfg.IDTokenLife, RefreshGrace: cfg.RefreshGrace,
	})
	auth := clientauth.New(clientauth.Config{
		Issuer: cfg.Issuer, JTIs: cfg.Store.JTIs, Clients: cfg.Clients, Keys: client.NewRemoteKeys(cfg.Fetch), Budget: budget, Log: cfg.Log,
	})
	endpoints := oauth.New(oauth.Config{Clients: cfg.Clients, Nonce: proofs.Nonce, Log: cfg.Log})
	p.page = page.New(page.Config{Issuer: cfg.Issuer, Clients: cfg.Clients, SignIns: cfg.SignIns, Pages: cfg.Pages, Log: cfg.Log})
	engine := engine.New(engine.Config{
		Issuer: cfg.Issuer, Grants: with.grants, Devices: cfg.Store.Devices, Clients: cfg.Clients, Auth: auth, Tokens: tokens, Proofs: proofs,
		CodeLife: cfg.CodeLife, AccessTokenLife: cfg.AccessTokenLife, RefreshAbsolute: cfg.RefreshAbsolute,
	})
	p.exchange = exchange.New(exchange.Config{
		Grants: with.grants, Endpoints: endpoints, Engine: engine, Tokens: tokens, Proofs: proofs, Confirm: cfg.Store.Confirm,
		AccessTokenLife: cfg.AccessTokenLife, RefreshIdle: cfg.RefreshIdle, RefreshAbsolute: cfg.RefreshAbsolute,
	})
	p.logout = logout.New(logout.Config{
		Issuer: cfg.Issuer, Clients: cfg.Clients, Tokens: tokens, SignIns: cfg.SignIns, Page: p.page, Pages: cfg.Pages,
	})
	p.notifier = logout.NewNotifier(logout.NotifierConfig{
		Store: cfg.Store, Audit: cfg.Audit, Clients: cfg.Clients, Tokens: tokens, Fetch: cfg.Fetch, Log: cfg.Log,
	})
	p.authorize = authorize.New(authorize.Config{
		Issuer: cfg.Issuer, SignInURL: cfg.SignInURL, ConsentURL: cfg.ConsentURL,
		Store: cfg.Store, Grants: with.grants, Audit: cfg.Audit, Clients: cfg.Clients, Auth: auth, Tokens: tokens, Proofs: proofs, Engine: engine,
		Endpoints: endpoints, Page: p.page, Fetch: cfg.Fetch, SignIns: cfg.SignIns, Limits: with.limits, Log: cfg.Log,
		SessionState: p.logout.SessionState,
		FlowLife:     cfg.FlowLife, CodeLife: cfg.CodeLife, AccessTokenLife: cfg.AccessTokenLife,
	})
	p.device = device.New(device.Config{
		Issuer: cfg.Issuer, SignInURL: cfg.SignInURL,
		Store: cfg.Store, Grants: with.grants, Audit: cfg.Audit, Clients: cfg.Clients, Auth: auth, Budget: budget,
		Endpoints: endpoints, Page: p.page, Pages: cfg.Pages, SignIns: cfg.SignIns,
		FlowLife: cfg.FlowLife, AccessTokenLife: cfg.AccessTokenLife,
	})
	p.registration = registration.New(registration.Config{
		Issuer: cfg.Issuer, Policy: cfg.Registration, PKCERequired: cfg.PKCERequired, Store: cfg.Store, Clients: cfg.Clients, Fetch: cfg.Fetch, Budget: budget, Endpoints: endpoints,
	})
	p.resource = resource.New(resource.Config{
		Issuer: cfg.Issuer, Grants: cfg.Store.Grants, Clients: cfg.Clients, Auth: auth, Tokens: tokens, Proofs: proofs, Endpoints: endpoints,
	})
	var err error
	p.documents, err = discovery.New(discovery.Config{
		Issuer: cfg.Issuer, Keys: cfg.Keys, Endpoints: endpoints, Registration: cfg.Registration != registration.Closed,
		UnsignedIDTokens: cfg.UnsignedIDTokens,
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// check returns an error if a required field is missing.
func (cfg Config) check() error {
	switch {
	case cfg.Issuer == "" || cfg.SignInURL == "" || cfg.ConsentURL == "":
		return errors.New("provider.New: a URL is missing")
	case cfg.Store == nil || cfg.Audit == nil || cfg.Keys == nil || cfg.Clients == nil || cfg.Fetch == nil || cfg.SignIns == nil || cfg.Pages == nil ||
		cfg.Log == nil:
		return errors.New("provider.New: a part is missing")
	case !cfg.Registration.Known():
		return errors.New("provider.New: the registration policy is missing or unknown")
	case min(cfg.FlowLife, cfg.CodeLife, cfg.AccessTokenLife, cfg.IDTokenLife, cfg.RefreshIdle, cfg.RefreshAbsolute) <= 0:
		return errors.New("provider.New: a lifetime is missing")
	}
	return nil
}

// MountDocuments adds the documents that are the same for everybody to r, a group at the issuer's path: see package discovery.
func (p *Provider) MountDocuments(r gin.IRouter) { p.documents.Mount(r) }

// Mount adds the other endpoints to r, a group at the issuer's path.
func (p *Provider) Mount(r gin.IRouter) {
	p.authorize.Mount(r)
	p.exchange.Mount(r)
	p.device.Mount(r)
	p.logout.Mount(r)
	p.registration.Mount(r)
	p.resource.Mount(r)
}

// logoutInterval is the pause between two rounds of logout notices.
const logoutInterval = time.Second

// RunLogouts sends clients the logout notices that are due (OIDC Back-Channel Logout), on one replica at a time, until ctx is done. It returns nil;
// failures are logged and tried again.
func (p *Provider) RunLogouts(ctx context.Context) error {
	loop.Every(ctx, logoutInterval, func(ctx context.Context) error { return p.notifier.SendDue(ctx, time.Now()) }, func(err error) {
		p.log.WarnContext(ctx, "clients cannot be told of logouts", "cause", err)
	})
	return nil
}

// Frames returns the front-channel logout URIs of the clients used in a session that has ended: see [logout.Endpoints.Frames].
func (p *Provider) Frames(ctx context.Context, sessions []storage.ClientSession) ([]templates.Frame, error) {
	return p.logout.Frames(ctx, sessions)
}

// Describe returns what the pages of a flow show of its request: see [authorize.Endpoint.Describe]. Errors: [storage.ErrNotFound] if the client is
// gone.
func (p *Provider) Describe(ctx context.Context, flow storage.Flow) (authorize.RequestView, error) {
	return p.authorize.Describe(ctx, flow)
}

// Over shows the page for a flow, named by the query parameter flow, that is over: see [page.Pages.Over].
func (p *Provider) Over(c *gin.Context) error { return p.page.Over(c, http.StatusGone) }

// App returns what pages show of a client: see [page.Pages.App]. Errors: [storage.ErrNotFound] if no client has this ID, or the client is disabled.
func (p *Provider) App(ctx context.Context, id string) (templates.App, error) {
	return p.page.App(ctx, id)
}
