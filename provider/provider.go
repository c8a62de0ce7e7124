package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// Config is what the provider works with. Every field is required.
type Config struct {
	Issuer     string // without a slash at the end
	SignInURL  string // of the page that asks for the password
	ConsentURL string // of the page that asks for consent

	Store   *storage.Store
	Audit   *audit.Log
	Keys    *keys.Ring
	Clients *client.Registry
	Fetch   *fetch.Client // to addresses that clients registered
	SignIns SignIns
	Pages   *templates.Pages
	Log     *slog.Logger

	Registration Registration // who may register clients

	FlowLife        time.Duration // of a request in progress
	CodeLife        time.Duration
	AccessTokenLife time.Duration
	IDTokenLife     time.Duration
	RefreshIdle     time.Duration // a refresh token that is not used for so long is dead
	RefreshAbsolute time.Duration // and so is the family after this
	RefreshGrace    time.Duration // in which a refresh whose answer was lost may be repeated
}

// Provider serves the protocol endpoints.
type Provider struct {
	cfg        Config
	store      *storage.Store
	grants     Grants
	flows      Flows
	audit      *audit.Log
	keys       *keys.Ring
	clients    *client.Registry
	fetch      *fetch.Client
	clientKeys *client.RemoteKeys
	signIns    SignIns
	pages      *templates.Pages
	log        *slog.Logger
	refusals   refusals
	fetches    *limits // of sector lists, by who causes them
	limits     flowLimits
	objects    *objects
	engine     *fosite.Fosite
	about      []byte // the discovery document
	aboutTag   string // its entity tag
}

// New builds a provider, or says which part is missing.
func New(cfg Config) (*Provider, error) {
	switch {
	case cfg.Issuer == "" || cfg.SignInURL == "" || cfg.ConsentURL == "":
		return nil, errors.New("provider.New: an address is missing")
	case cfg.Store == nil || cfg.Audit == nil || cfg.Keys == nil || cfg.Clients == nil || cfg.Fetch == nil || cfg.SignIns == nil || cfg.Pages == nil ||
		cfg.Log == nil:
		return nil, errors.New("provider.New: a part is missing")
	case !cfg.Registration.known():
		return nil, errors.New("provider.New: who may register clients is not said")
	case min(cfg.FlowLife, cfg.CodeLife, cfg.AccessTokenLife, cfg.IDTokenLife, cfg.RefreshIdle, cfg.RefreshAbsolute) <= 0:
		return nil, errors.New("provider.New: a lifetime is missing")
	}
	p := &Provider{
		cfg: cfg, store: cfg.Store, grants: cfg.Store, flows: cfg.Store, audit: cfg.Audit, keys: cfg.Keys, clients: cfg.Clients,
		fetch: cfg.Fetch, clientKeys: client.NewRemoteKeys(cfg.Fetch), signIns: cfg.SignIns, pages: cfg.Pages, log: cfg.Log, refusals: newRefusals(),
		fetches: newLimits(fetchBurst, fetchEvery), limits: newFlowLimits(), objects: newObjects(cfg.Fetch),
	}
	p.engine = newEngine(p)
	var err error
	if p.about, err = p.metadata(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(p.about)
	p.aboutTag = `"` + hex.EncodeToString(sum[:16]) + `"`
	return p, nil
}

// MountDocuments adds the addresses that answer with the same bytes to everybody. r stands for the issuer's path.
func (p *Provider) MountDocuments(r gin.IRouter) {
	for path, handler := range map[string]func(*gin.Context) error{
		"/.well-known/openid-configuration": p.discovery, "/.well-known/oauth-authorization-server": p.discovery,
		"/.well-known/jwks.json": p.jwks,
	} {
		r.GET(path, p.answer(handler))
		r.HEAD(path, p.answer(handler))
	}
}

// Mount adds the other endpoints. r stands for the issuer's path.
func (p *Provider) Mount(r gin.IRouter) {
	r.GET(authorizePath, p.page(p.authorize))
	r.POST(authorizePath, p.page(p.authorize))
	r.GET(logoutPath, p.page(p.logout))
	r.POST(logoutPath, p.page(p.logout))
	r.GET("/oauth2/check_session", p.page(p.pages.SessionFrame))
	r.GET(devicePath, p.page(p.device))
	r.POST(devicePath, p.page(templates.ReadForm), p.page(p.answerDevice))
	r.GET("/userinfo", p.endpoint(p.userinfo))
	for path, handler := range map[string]func(*gin.Context) error{
		"/oauth2/token": p.token, "/oauth2/revoke": p.revoke, "/oauth2/introspect": p.introspect, "/userinfo": p.userinfo,
		"/oauth2/par": p.push, "/oauth2/device_authorization": p.authorizeDevice,
	} {
		r.POST(path, p.endpoint(handler))
		r.OPTIONS(path, preflight(p.cors, "GET, POST"))
	}
	if p.cfg.Registration != RegistrationClosed {
		p.mountRegistration(r)
	}
}

// mountRegistration adds the endpoints at which clients register themselves. Where everybody may, pages of every origin may.
func (p *Provider) mountRegistration(r gin.IRouter) {
	allow := p.cors
	if p.cfg.Registration == RegistrationOpen {
		allow = corsForAll
	}
	r.POST(registerPath, allow, p.answer(p.registerClient))
	r.OPTIONS(registerPath, preflight(allow, "POST"))
	managed := registerPath + "/:id"
	r.GET(managed, allow, p.answer(p.readClient))
	r.PUT(managed, allow, p.answer(p.updateClient))
	r.DELETE(managed, allow, p.answer(p.removeClient))
	r.OPTIONS(managed, preflight(allow, "GET, PUT, DELETE"))
}
