package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
)

// RecoveryCodes is the [Factor] of recovery codes.
type RecoveryCodes struct {
	codes *storage.RecoveryCodes
	users *storage.Users
}

// Kind returns "recovery". There are no authenticators of this kind: recovery codes have a table of their own.
func (r *RecoveryCodes) Kind() string { return "recovery" }

// Method returns "": RFC 8176 has no name for recovery codes.
func (r *RecoveryCodes) Method() string { return "" }

// Match checks only whether the answer has the form of a recovery code; [RecoveryCodes.Spend] checks whether the user has it.
func (r *RecoveryCodes) Match(_ context.Context, a Answer, _ time.Time) Match {
	_, err := otp.NormalizeRecovery(a.Typed)
	return Match{Right: err == nil}
}

// Spend uses a recovery code up.
func (r *RecoveryCodes) Spend(ctx context.Context, a Answer, _ Match, now time.Time) error {
	code, err := otp.NormalizeRecovery(a.Typed)
	if err != nil {
		return ErrCode
	}
	if err := r.users.Lock(ctx, a.User); errors.Is(err, storage.ErrStale) {
		return ErrStartAgain
	} else if err != nil {
		return err
	}
	err = r.codes.Spend(ctx, a.User.ID, code, now)
	if errors.Is(err, storage.ErrNotFound) {
		return ErrCode
	}
	return err
}

// Refusal returns ErrCode.
func (r *RecoveryCodes) Refusal(Answer, time.Time) error { return ErrCode }

// Left returns the number of a user's unused recovery codes.
func (r *RecoveryCodes) Left(ctx context.Context, userID string) (int, error) {
	return r.codes.CountUnused(ctx, userID)
}

// Replace replaces all recovery codes of a user by codes, as they were shown, in the caller's transaction.
func (r *RecoveryCodes) Replace(ctx context.Context, userID string, shown []string) error {
	codes := make([]string, len(shown))
	for i, text := range shown {
		code, err := otp.NormalizeRecovery(text)
		if err != nil {
			return err
		}
		codes[i] = code
	}
	return r.codes.Replace(ctx, userID, codes)
}
