package device

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/page"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// Config is what an [Endpoint] needs. Every field is required.
type Config struct {
	Issuer    string // without a slash at the end
	SignInURL string // of the page that asks for the password

	Store     *storage.Store
	Grants    Grants // [storage.Grants], or a wrapper in tests
	Audit     *audit.Log
	Clients   *client.Registry
	Auth      *clientauth.Authenticator
	Budget    *clientauth.Budget // limits audit entries about wrong user codes
	Endpoints *oauth.Endpoints
	Page      *page.Pages
	Pages     *templates.Pages
	SignIns   SignIns

	FlowLife        time.Duration // lifetime of a question in progress
	AccessTokenLife time.Duration
}

// SignIns tells who is signed in.
type SignIns interface {
	// Current returns the complete sign-in of the request's browser with what its user has granted to the client. Errors: [storage.ErrNotFound] if
	// nobody is signed in with both factors.
	Current(r *http.Request, clientID string) (storage.SignIn, error)
	// Browser returns the hash of the cookie that tells browsers apart before anybody is signed in, setting it if missing.
	Browser(w http.ResponseWriter, r *http.Request) []byte
}

// Grants is the part of [storage.Grants] that an [Endpoint] uses.
type Grants interface {
	// Issue stores a grant with its code and records the event. Errors: [storage.ErrStale] if the consent or the session of the grant has ended;
	// [storage.ErrNotFound] if the client or the user is gone.
	Issue(ctx context.Context, g storage.Grant, event string) error
}

// Endpoint is the device authorization endpoint with its pages.
type Endpoint struct{ cfg Config }

// New returns the endpoint with this configuration.
func New(cfg Config) *Endpoint { return &Endpoint{cfg: cfg} }

// Mount adds the endpoint and its pages to r, a group at the issuer's path.
func (e *Endpoint) Mount(r gin.IRouter) {
	e.cfg.Endpoints.Post(r, oauth.DeviceAuthorizationPath, e.authorize)
	r.GET(page.DevicePath, e.cfg.Page.Handle(e.show))
	r.POST(page.DevicePath, e.cfg.Page.Handle(templates.ReadForm), e.cfg.Page.Handle(e.submit))
}
