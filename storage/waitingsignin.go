package storage

import (
	"context"
	"time"
)

// waitingSignIn is a sign-in for which both factors were right, but which gives access to nothing until the person has taken one more step.
type waitingSignIn struct{ row sessionRow }

// ID returns the id of the session, which is not secret.
func (s waitingSignIn) ID() string { return s.row.SID }

// User returns the person who signed in.
func (s waitingSignIn) User() User { return s.row.User }

// Recovered reports whether a recovery code took the place of the one-time code.
func (s waitingSignIn) Recovered() bool { return s.row.Recovered }

// Remembered reports whether the person asked to stay signed in.
func (s waitingSignIn) Remembered() bool { return s.row.Remember }

// HeldSignIn is a sign-in that waits for a new password, because somebody else has the old one. It is a type of its own so that it gives
// access to the page for the new password and to nothing else.
type HeldSignIn struct{ waitingSignIn }

// EnrollingSignIn is a sign-in that waits for a new authenticator: the person used the last recovery code and could not sign in again, or
// an authenticator that has to be renewed. It is a type of its own so that it gives access to the enrolment and to nothing else.
type EnrollingSignIn struct{ waitingSignIn }

// HeldSignIn returns the sign-in that waits for a new password and whose cookie has that hash. It returns ErrNotFound if there is no such
// sign-in, it has ended, the account was disabled, or its epoch has risen.
func (s *Sessions) HeldSignIn(ctx context.Context, tokenHash []byte, now time.Time) (HeldSignIn, error) {
	waiting, err := s.waiting(ctx, `NOT `+notHeld, tokenHash, now)
	return HeldSignIn{waiting}, err
}

// EnrollingSignIn returns the sign-in that waits for a new authenticator and whose cookie has that hash. It returns ErrNotFound if there is
// no such sign-in, it waits for a new password first, it has ended, the account was disabled, or its epoch has risen.
func (s *Sessions) EnrollingSignIn(ctx context.Context, tokenHash []byte, now time.Time) (EnrollingSignIn, error) {
	waiting, err := s.waiting(ctx, `s.must_enrol AND `+notHeld, tokenHash, now)
	return EnrollingSignIn{waiting}, err
}

// waiting returns the living sign-in whose cookie has that hash and that fulfils the condition.
func (s *Sessions) waiting(ctx context.Context, condition string, tokenHash []byte, now time.Time) (waitingSignIn, error) {
	var waiting waitingSignIn
	err := s.get(ctx, &waiting.row, `
		SELECT `+sessionColumns+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.session_hash = ? AND s.completed_at IS NOT NULL AND s.expires_at > ? AND s.idle_until > ?
			AND s.epoch = u.epoch AND u.disabled_at IS NULL AND `+condition, tokenHash, At(now), At(now))
	return waiting, err
}
