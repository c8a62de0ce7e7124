package resource

import (
	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// Config is what [Endpoints] needs. Every field is required.
type Config struct {
	Issuer    string // without a slash at the end; the audience of tokens for UserInfo
	Grants    *storage.Grants
	Clients   *client.Registry
	Auth      *clientauth.Authenticator
	Tokens    *token.Issuer
	Proofs    *token.Proofs
	Endpoints *oauth.Endpoints
}

// Endpoints are UserInfo, introspection and revocation.
type Endpoints struct{ cfg Config }

// New returns the endpoints with this configuration.
func New(cfg Config) *Endpoints { return &Endpoints{cfg: cfg} }

// Mount adds the endpoints to r, a group at the issuer's path.
func (e *Endpoints) Mount(r gin.IRouter) {
	r.GET(oauth.UserInfoPath, e.cfg.Endpoints.AllowClients, e.cfg.Endpoints.Handle(e.userinfo))
	e.cfg.Endpoints.Post(r, oauth.UserInfoPath, e.userinfo)
	e.cfg.Endpoints.Post(r, oauth.IntrospectPath, e.introspect)
	e.cfg.Endpoints.Post(r, oauth.RevokePath, e.revoke)
}
