package storage

import (
	"context"
	"time"
)

// HeldSignIn is a sign-in after both factors that is worth nothing until the person has chosen a new password, because somebody
// else has the old one. It is another type than SignIn so that it opens that page and nothing else.
type HeldSignIn struct{ row sessionRow }

// User returns who signed in.
func (s HeldSignIn) User() User { return s.row.User }

// Recovered reports whether a recovery code took the place of the one-time code.
func (s HeldSignIn) Recovered() bool { return s.row.Recovered }

// Remembered reports whether the person asked to stay signed in.
func (s HeldSignIn) Remembered() bool { return s.row.Remember }

// HeldSignIn returns the held sign-in of a session cookie. ErrNotFound when there is none, it is not held, it has ended, or the
// account was disabled or changed since.
func (s *Store) HeldSignIn(ctx context.Context, tokenHash []byte, now time.Time) (HeldSignIn, error) {
	var held HeldSignIn
	err := s.get(ctx, &held.row, `
		SELECT `+sessionColumns+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.session_hash = ? AND s.completed_at IS NOT NULL AND s.expires_at > ? AND s.idle_until > ?
			AND s.epoch = u.epoch AND u.disabled_at IS NULL AND NOT `+notHeld, tokenHash, At(now), At(now))
	return held, err
}

// RenewSession goes on with a living session of the epoch before under a new cookie and a new id: when the person has just changed
// what all other sessions end for. When and how the person signed in stays as it was. ErrStale when the session has ended or
// is not of that user and epoch.
func (s *Store) RenewSession(ctx context.Context, oldHash, newHash []byte, user User, event string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE sessions SET session_hash = ?, sid = ?, epoch = ?, last_seen_at = ?, event = ?
		WHERE session_hash = ? AND user_id = ? AND epoch = ? AND completed_at IS NOT NULL AND expires_at > ? AND idle_until > ?`,
		newHash, NewID(), user.Epoch, At(now), nullText(event), oldHash, user.ID, user.Epoch-1, At(now), At(now))
}

// EndOldSessions removes the sessions and half-done sign-ins of a user that are of another epoch.
func (s *Store) EndOldSessions(ctx context.Context, user User) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE user_id = ? AND epoch <> ?`, user.ID, user.Epoch)
	return err
}
