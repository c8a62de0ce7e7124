package throttle

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// Wait is a wait caused by failures in a row at a user's account.
type Wait struct {
	For      string    // "password", or a [Kind] of second factor
	Failures int       // in a row
	Until    time.Time // from then on one more attempt is allowed
	Closed   bool      // waiting does not help: only a recovery code or [Guard.Unlock] does
}

// Waits returns the waits during which a user's passwords or codes are refused unchecked. It does not return the waits of trusted browsers
// and client IPs.
func (g *Guard) Waits(ctx context.Context, userID string, now time.Time) ([]Wait, error) {
	kinds := map[string]string{}
	var keys []string
	for _, kind := range []string{"password", string(Code), string(RecoveryCode)} {
		key := kind + ":" + User(userID).key
		kinds[key], keys = kind, append(keys, key)
	}
	states, err := g.store.Attempts.States(ctx, keys...)
	if err != nil {
		return nil, err
	}
	var waits []Wait
	for _, key := range keys {
		for _, state := range states {
			if state.Key == key && state.BlockedUntil.After(now) {
				waits = append(waits, Wait{
					For: kinds[key], Failures: state.Failures, Until: state.BlockedUntil.Time, Closed: !state.BlockedUntil.Before(storage.Never),
				})
			}
		}
	}
	return waits, nil
}
