package exchange

import (
	"context"
	"errors"

	"github.com/postern-id/postern/provider/engine"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// redeemCode uses up an authorization code. If another request has used it first, redeemCode revokes the grant with everything that was issued to
// that request (RFC 6749 section 4.1.2).
func (x *Exchange) redeemCode(ctx context.Context, u *engine.Unit) error {
	err := x.cfg.Grants.RedeemCode(ctx, u.Grant.ID, x.redemption(u), u.Now)
	if !errors.Is(err, storage.ErrStale) {
		return err
	}
	if err := x.cfg.Tokens.RevokeGrant(ctx, u.Grant.Grant, audit.AuthorizationCodeReused, u.Address, u.Now); err != nil {
		return err
	}
	return oauth.Refuse(oauth.CodeUsed)
}
