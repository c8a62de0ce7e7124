package exchange

import (
	"context"
	"errors"

	"github.com/postern-id/postern/provider/engine"
	"github.com/postern-id/postern/storage"
)

// redeemDevice spends a device code. Losing to another poll of the same device is no theft: what the first one got stays good.
func (x *Exchange) redeemDevice(ctx context.Context, u *engine.Unit) error {
	err := x.cfg.Grants.RedeemCode(ctx, u.Grant.ID, x.redemption(u), u.Now)
	if errors.Is(err, storage.ErrStale) {
		return engine.ErrInvalidGrant
	}
	return err
}
