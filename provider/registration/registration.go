package registration

import (
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// Policy says who may register clients, beside operators.
type Policy string

// The policies.
const (
	Closed    Policy = "closed" // nobody: the endpoints do not exist
	WithToken Policy = "token"  // apps with an initial access token
	Open      Policy = "open"   // any app
)

// Known reports whether p is one of the policies.
func (p Policy) Known() bool { return slices.Contains([]Policy{Closed, WithToken, Open}, p) }

// Config is what an [Endpoint] needs. Every field is required.
type Config struct {
	Issuer       string // without a slash at the end
	Policy       Policy
	PKCERequired bool // whether all new clients must send a code challenge, or public ones only
	Store        *storage.Store
	Clients      *client.Registry
	Fetch        *fetch.Client // for the lists at sector identifier URIs
	Budget       *clientauth.Budget
	Endpoints    *oauth.Endpoints
}

// Endpoint is the client registration endpoint and the client configuration endpoint.
type Endpoint struct {
	cfg     Config
	fetches *limit.Limiter // of the lists at sector identifier URIs, by token, client or address
}

// New returns the endpoints with this configuration.
func New(cfg Config) *Endpoint { return &Endpoint{cfg: cfg, fetches: limit.New(60, 10*time.Second)} }

// Mount adds the endpoints to r, a group at the issuer's path, unless the policy is [Closed]. With [Open], scripts of every origin may call them.
func (e *Endpoint) Mount(r gin.IRouter) {
	if e.cfg.Policy == Closed {
		return
	}
	allow := e.cfg.Endpoints.AllowClients
	if e.cfg.Policy == Open {
		allow = oauth.AllowAll
	}
	handle := e.cfg.Endpoints.Handle
	r.POST(oauth.RegisterPath, allow, handle(e.create))
	r.OPTIONS(oauth.RegisterPath, oauth.Preflight(allow, "POST"))
	managed := oauth.RegisterPath + "/:id"
	r.GET(managed, allow, handle(e.read))
	r.PUT(managed, allow, handle(e.update))
	r.DELETE(managed, allow, handle(e.remove))
	r.OPTIONS(managed, oauth.Preflight(allow, "GET, PUT, DELETE"))
}
