package storage

import (
	"context"
	"time"
)

// EnrollingSignIn is a sign-in that is worth nothing until a new authenticator is enrolled: with the last recovery code, because without one
// the person could not sign in again, or with an authenticator that is to be renewed. It is another type than SignIn so that it opens the enrolment and nothing else.
type EnrollingSignIn struct{ row sessionRow }

// ID returns the id of the session, which is no secret.
func (s EnrollingSignIn) ID() string { return s.row.SID }

// User returns who signed in.
func (s EnrollingSignIn) User() User { return s.row.User }

// Recovered reports whether a recovery code, the last, took the place of the one-time code.
func (s EnrollingSignIn) Recovered() bool { return s.row.Recovered }

// Remembered reports whether the person asked to stay signed in.
func (s EnrollingSignIn) Remembered() bool { return s.row.Remember }

// EnrollingSignIn returns the sign-in of a session cookie that waits for a new authenticator. ErrNotFound when there is none, it waits for a
// new password first, it has ended, or the account was disabled or changed since.
func (s *Store) EnrollingSignIn(ctx context.Context, tokenHash []byte, now time.Time) (EnrollingSignIn, error) {
	var enrolling EnrollingSignIn
	err := s.get(ctx, &enrolling.row, `
		SELECT `+sessionColumns+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.session_hash = ? AND s.completed_at IS NOT NULL AND s.expires_at > ? AND s.idle_until > ?
			AND s.epoch = u.epoch AND u.disabled_at IS NULL AND s.must_enrol AND `+notHeld, tokenHash, At(now), At(now))
	return enrolling, err
}
