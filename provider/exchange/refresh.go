package exchange

import (
	"context"
	"errors"

	"github.com/postern-id/postern/provider/engine"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// rotate replaces the refresh token of the unit's grant by its successor.
func (x *Exchange) rotate(ctx context.Context, u *engine.Unit) error {
	if u.Retry {
		return x.cfg.Confirm(ctx)
	}
	err := x.cfg.Grants.RotateRefreshToken(ctx, u.Grant.ID, u.Grant.Generation, refreshKey(u), u.Now.Add(x.cfg.RefreshIdle), u.Now)
	if !errors.Is(err, storage.ErrStale) {
		return err
	}
	state, err := x.cfg.Grants.ByID(ctx, u.Grant.ID, "")
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && (state.Ended(u.Now) || !u.Holds(state.JKT)):
		return oauth.Refuse(oauth.RefreshEnded)
	case err != nil:
		return err
	case x.cfg.Tokens.WithinGrace(state, u.Grant.Generation, u.Now):
		// The same request, sent twice, was answered first. Both answers contain the same successor, as after a lost answer.
		return x.cfg.Confirm(ctx)
	case state.Generation > u.Grant.Generation:
		// The successor was used meanwhile as well, so two parties have tokens of this family.
		if err := x.cfg.Tokens.RevokeGrant(ctx, u.Grant.Grant, audit.RefreshTokenReused, u.Address, u.Now); err != nil {
			return err
		}
		return oauth.Refuse(oauth.RefreshUsed)
	}
	return engine.ErrInvalidGrant
}
