package exchange

import (
	"context"
	"errors"

	"github.com/postern-id/postern/provider/engine"
	"github.com/postern-id/postern/storage"
)

// redeemDevice uses up a device code. It is no theft if another poll of the same device was first: the tokens that it got stay valid.
func (x *Exchange) redeemDevice(ctx context.Context, u *engine.Unit) error {
	err := x.cfg.Grants.RedeemCode(ctx, u.Grant.ID, x.redemption(u), u.Now)
	if errors.Is(err, storage.ErrStale) {
		return engine.ErrInvalidGrant
	}
	return err
}
