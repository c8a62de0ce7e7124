package storage

import (
	"context"
	"time"
)

// BeginEmailChange notes that a new e-mail address of u waits to be confirmed until then. ErrStale when everything of the user was ended
// since u was read, or the user is gone.
func (s *Store) BeginEmailChange(ctx context.Context, u User, until time.Time) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET email_change_until = ? WHERE id = ? AND epoch = ?`, At(until), u.ID, u.Epoch)
}

// EndEmailChange notes that no new address waits any more. ErrStale when none did.
func (s *Store) EndEmailChange(ctx context.Context, userID string) error {
	return s.execOne(ctx, ErrStale, `UPDATE users SET email_change_until = NULL WHERE id = ? AND email_change_until IS NOT NULL`, userID)
}

// ChangeEmail makes a confirmed address the user's and ends everything that was granted. ErrConflict when another user has it, ErrStale
// when no new address waits.
func (s *Store) ChangeEmail(ctx context.Context, userID, email string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET email = ?, email_key = ?, email_verified = ?, email_change_until = NULL, epoch = epoch + 1, updated_at = ?
		WHERE id = ? AND email_change_until > ?`, email, CanonicalName(email), true, At(now), userID, At(now))
}

// VerifyEmail notes that a user's address is known to be the person's. ErrStale when it is not the user's address any more.
func (s *Store) VerifyEmail(ctx context.Context, userID, email string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET email_verified = ?, updated_at = ? WHERE id = ? AND email = ?`, true, At(now), userID, email)
}
