package account

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
)

// driftSearched is how far before and after now a wrong code is searched for, to tell a person by how much a clock is off.
const driftSearched = 10 * time.Minute

// TOTP is the [Factor] of authenticator apps (RFC 6238).
type TOTP struct {
	authenticators *storage.Authenticators
	log            *slog.Logger
	window         int // number of time steps before and after the current one whose codes are accepted
}

// Kind returns [storage.KindTOTP].
func (t *TOTP) Kind() string { return storage.KindTOTP }

// Method returns "otp".
func (t *TOTP) Method() string { return "otp" }

// Match compares a typed code with all TOTP authenticators. If the code belongs to several of them, the steps of all are used up,
// and it is a replay if one of them has accepted it already.
func (t *TOTP) Match(ctx context.Context, a Answer, now time.Time) Match {
	match := Match{Steps: map[string]int64{}}
	for _, one := range a.Authenticators {
		if one.Kind != storage.KindTOTP {
			continue
		}
		key := KeyOf(one)
		if err := key.Validate(); err != nil {
			t.log.ErrorContext(ctx, "stored authenticator is damaged", "user_id", a.User.ID, "authenticator_id", one.ID, "err", err)
			continue
		}
		step, ok := t.step(key, a.Typed, now)
		if !ok {
			continue
		}
		match.Renew = match.Renew || one.Renew
		for _, other := range a.Authenticators {
			if one.ID == other.ID || other.Kind == storage.KindTOTP && key.SharesCodes(KeyOf(other)) {
				match.Steps[other.ID] = max(match.Steps[other.ID], step)
				match.Replayed = match.Replayed || step <= other.LastStep
			}
		}
	}
	match.Right = len(match.Steps) > 0 && !match.Replayed
	return match
}

// step returns the time step of a typed code. ok is false if the key has no such code near now.
func (t *TOTP) step(key otp.Key, typed string, now time.Time) (step int64, ok bool) {
	code, err := otp.Normalize(typed, key.Digits)
	if err != nil {
		return 0, false
	}
	return key.Match(code, now, t.window)
}

// Spend uses up the time steps, so the code is not accepted again in any spelling.
func (t *TOTP) Spend(ctx context.Context, _ Answer, m Match, now time.Time) error {
	err := t.authenticators.SpendSteps(ctx, m.Steps, now)
	if errors.Is(err, storage.ErrStale) {
		return ErrCode
	}
	return err
}

// Refusal returns a [*ClockError] for a code that would be right on another clock, or else ErrCode. It searches unused steps only, so that
// nobody learns whether a used code was once right.
func (t *TOTP) Refusal(a Answer, now time.Time) error {
	for _, one := range a.Authenticators {
		if one.Kind != storage.KindTOTP {
			continue
		}
		key := KeyOf(one)
		if offset, ok := drift(key, a.Typed, now); ok && key.Step(now.Add(offset)) > one.LastStep {
			return &ClockError{Offset: offset}
		}
	}
	return ErrCode
}

// drift returns by how much a clock would have to be off for a typed code to be right.
func drift(key otp.Key, typed string, now time.Time) (offset time.Duration, ok bool) {
	code, err := otp.Normalize(typed, key.Digits)
	if err != nil {
		return 0, false
	}
	return key.Drift(code, now, driftSearched)
}

// KeyOf returns the key of a TOTP authenticator.
func KeyOf(a storage.Authenticator) otp.Key {
	return otp.Key{Secret: a.Secret, Parameters: otp.Parameters{Algorithm: a.Algorithm, Digits: a.Digits, Period: a.Period}, Short: a.Renew}
}
