package storage

import (
	"context"
	"time"
)

// ExposePassword marks a user of that epoch as one whose password somebody else has. ErrStale when the mark is there already, or
// everything of the user was ended since.
func (s *Store) ExposePassword(ctx context.Context, userID string, epoch int64, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET exposed_at = ? WHERE id = ? AND epoch = ? AND exposed_at IS NULL`, At(now), userID, epoch)
}

// ReplacePassword stores the PHC string of a new password, takes the mark of an exposed one away and ends all sessions, half-done
// sign-ins, grants and device cookies of the user. ErrNotFound when there is no such user.
func (s *Store) ReplacePassword(ctx context.Context, userID, hash string, now time.Time) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.SetPassword(ctx, userID, hash, now); err != nil {
			return err
		}
		return s.execOne(ctx, ErrNotFound, `
			UPDATE users SET epoch = epoch + 1, exposed_at = NULL, updated_at = ? WHERE id = ?`, At(now), userID)
	})
}
