// Package exchange owns the token endpoint (RFC 6749 section 3.2): the exchange of a code, a device code or a refresh token for tokens, and tokens
// of clients themselves. Package engine makes the answer; here it is decided by one conditional statement which of two requests with the same
// code or token wins, and what becomes of the grant when somebody has a copy.
package exchange

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/engine"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// Config is what an [Exchange] needs. Every field is required.
type Config struct {
	Grants    Grants // [storage.Grants], or a wrapper in tests
	Endpoints *oauth.Endpoints
	Engine    *engine.Engine
	Tokens    *token.Issuer
	Proofs    *token.Proofs
	// Confirm is [storage.Store.Confirm]. It is called before an answer that depends on what another request has written.
	Confirm func(context.Context) error

	AccessTokenLife time.Duration
	RefreshIdle     time.Duration // after which an unused refresh token expires
	RefreshAbsolute time.Duration // after which a family of refresh tokens expires
}

// Grants is the part of [storage.Grants] that an [Exchange] uses. Each method that changes something is one conditional statement, whose error is
// [storage.ErrStale] if another request was first.
type Grants interface {
	ByID(ctx context.Context, id, tokenID string) (storage.GrantState, error)
	RedeemCode(ctx context.Context, id string, r storage.Redemption, now time.Time) error
	RotateRefreshToken(ctx context.Context, id string, generation int64, jkt string, idleUntil, now time.Time) error
}

// Exchange is the token endpoint.
type Exchange struct{ cfg Config }

// New returns the endpoint with this configuration.
func New(cfg Config) *Exchange { return &Exchange{cfg: cfg} }

// Mount adds the endpoint to r, a group at the issuer's path.
func (x *Exchange) Mount(r gin.IRouter) { x.cfg.Endpoints.Post(r, oauth.TokenPath, x.token) }

var grantTypes = []string{"authorization_code", "refresh_token", "client_credentials", client.GrantDevice}

// token is the token endpoint (RFC 6749 section 3.2).
func (x *Exchange) token(c *gin.Context) error {
	form, err := oauth.FormAlone(c.Writer, c.Request)
	if err != nil {
		return err
	}
	if err := checkGrant(form); err != nil {
		return err
	}
	ctx, u := c.Request.Context(), &engine.Unit{Now: time.Now(), Address: c.Request.RemoteAddr}
	answer, err := x.cfg.Engine.Exchange(ctx, u, c.Request, form)
	if err != nil {
		return err
	}
	if err := x.cfg.Proofs.Spend(ctx, u.Proof); err != nil {
		return err
	}
	if err := x.write(ctx, u, form.Get("grant_type")); err != nil {
		return u.Explain(err, form)
	}
	x.cfg.Proofs.Offer(c.Writer.Header(), u.Proof, u.Now)
	oauth.NoStore(c)
	c.JSON(http.StatusOK, answer)
	return nil
}

// checkGrant checks what needs no client. A request without a code comes from an app that got an error instead of one and did not notice. It is told
// so before its credentials are checked: a complaint about these would hide the cause.
func checkGrant(form url.Values) error {
	switch name := form.Get("grant_type"); {
	case name == "":
		return oauth.Refuse(oauth.GrantTypeMissing)
	case !slices.Contains(grantTypes, name):
		return oauth.Refuse(oauth.GrantTypeUnknown).Compare(name, grantTypes...)
	case name == "authorization_code" && form.Get("code") == "": // a parameter without a value is omitted: RFC 6749 section 3.2
		return oauth.Refuse(oauth.CodeMissing)
	}
	return nil
}

// write makes the conditional statement on which the answer depends. If it changes no row, another request has used the same code or token meanwhile.
func (x *Exchange) write(ctx context.Context, u *engine.Unit, grantType string) error {
	switch grantType {
	case "authorization_code":
		return x.redeemCode(ctx, u)
	case "refresh_token":
		return x.rotate(ctx, u)
	case client.GrantDevice:
		return x.redeemDevice(ctx, u)
	}
	return nil // client_credentials: there is no grant
}

// redemption returns how redeeming the code changes the unit's grant.
func (x *Exchange) redemption(u *engine.Unit) storage.Redemption {
	redemption := storage.Redemption{Generation: u.Generation, ExpiresAt: u.Now.Add(x.cfg.AccessTokenLife)}
	if u.Generation > 0 {
		redemption.JKT = refreshKey(u)
		redemption.IdleUntil = u.Now.Add(x.cfg.RefreshIdle)
		redemption.ExpiresAt = u.Now.Add(x.cfg.RefreshAbsolute)
	}
	return redemption
}

// refreshKey returns the thumbprint of the key that the unit's next refresh token is bound to. It is empty for a client that authenticates, to which
// the token is bound already (RFC 9449 section 5).
func refreshKey(u *engine.Unit) string {
	if u.Client.Public() {
		return u.Proof.JKT
	}
	return ""
}
