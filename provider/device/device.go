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

// Config is what the endpoint and its pages need. Every field is required.
type Config struct {
	Issuer    string // without a slash at the end
	SignInURL string // of the page that asks for the password

	Store     *storage.Store
	Grants    Grants // [storage.Grants], unless a test looks in between
	Audit     *audit.Log
	Clients   *client.Registry
	Auth      *clientauth.Authenticator
	Budget    *clientauth.Budget // of audit entries about wrong user codes
	Endpoints *oauth.Endpoints
	Page      *page.Pages
	Pages     *templates.Pages
	SignIns   SignIns

	FlowLife        time.Duration // of a question in progress
	AccessTokenLife time.Duration
}

// SignIns answers who is signed in.
type SignIns interface {
	// Current returns the complete sign-in of the request's browser with what its user has granted to the client.
	// [storage.ErrNotFound]: nobody is signed in, or only half.
	Current(r *http.Request, clientID string) (storage.SignIn, error)
	// Browser returns the hash of the cookie that tells browsers apart before anybody is signed in, setting it if missing.
	Browser(w http.ResponseWriter, r *http.Request) []byte
}

// Grants stores what a person gives to a client.
type Grants interface {
	// Issue stores a grant with its code and records the event. [storage.ErrStale]: the consent or the session that it rests on is over.
	// [storage.ErrNotFound]: the client or the user is gone.
	Issue(ctx context.Context, g storage.Grant, event string) error
}

// Endpoint is the device authorization endpoint with its pages.
type Endpoint struct{ cfg Config }

// New returns the endpoint.
func New(cfg Config) *Endpoint { return &Endpoint{cfg: cfg} }

// Mount adds the endpoint and its pages. r stands for the issuer's path.
func (e *Endpoint) Mount(r gin.IRouter) {
	e.cfg.Endpoints.Post(r, oauth.DeviceAuthorizationPath, e.authorize)
	r.GET(page.DevicePath, e.cfg.Page.Handle(e.show))
	r.POST(page.DevicePath, e.cfg.Page.Handle(templates.ReadForm), e.cfg.Page.Handle(e.submit))
}
