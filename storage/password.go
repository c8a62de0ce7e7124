package storage

import (
	"context"
	"time"
)

// Passwords are the hashed passwords of people.
type Passwords struct{ *database }

// Set stores the PHC string of a user's password, replacing the one before.
func (s *Passwords) Set(ctx context.Context, userID, hash string, now time.Time) error {
	_, err := s.exec(ctx, `
		INSERT INTO passwords (user_id, hash, changed_at) VALUES (?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at`, userID, hash, At(now))
	return err
}

// Rehash replaces the hash old by another hash of the same password. It returns ErrStale if the password was changed meanwhile.
func (s *Passwords) Rehash(ctx context.Context, userID, old, hash string) error {
	return s.execOne(ctx, ErrStale, `UPDATE passwords SET hash = ? WHERE user_id = ? AND hash = ?`, hash, userID, old)
}

// PasswordLogin is what the password step of a sign-in needs to know about a user.
type PasswordLogin struct {
	User
	Hash string `db:"hash"` // empty: no password was set yet
}

// ByLogin returns the user with that user name or e-mail address and the hash of the user's password, or ErrNotFound.
//
// If nobody has that name, ByLogin reads the row of another user and drops it, so that the time that it takes does not tell whether an
// account exists.
func (s *Passwords) ByLogin(ctx context.Context, name string) (PasswordLogin, error) {
	var row struct {
		PasswordLogin
		Found bool `db:"found"`
	}
	key := CanonicalName(name)
	err := s.get(ctx, &row, `
		SELECT `+userColumns+`, coalesce(p.hash, '') AS hash, u.email_key = ? OR coalesce(u.username_key = ?, FALSE) AS found
		FROM users u LEFT JOIN passwords p ON p.user_id = u.id
		WHERE u.id = coalesce((
				SELECT x.id FROM users x WHERE x.email_key = ? OR x.username_key = ?
				ORDER BY CASE WHEN x.username_key = ? THEN 0 ELSE 1 END LIMIT 1),
			(SELECT min(y.id) FROM users y))`, key, key, key, key, key)
	if err == nil && !row.Found {
		return PasswordLogin{}, ErrNotFound
	}
	return row.PasswordLogin, err
}

// MarkExposed records that somebody else knows the password of a user. It returns ErrStale if that is recorded already, or if the user's
// epoch has risen.
func (s *Passwords) MarkExposed(ctx context.Context, userID string, epoch int64, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE users SET exposed_at = ? WHERE id = ? AND epoch = ? AND exposed_at IS NULL`, At(now), userID, epoch)
}

// Replace stores the PHC string of a new password, removes the mark that [Passwords.MarkExposed] has set, and ends all sessions, half-done
// sign-ins, grants and trusted browsers of the user. It returns ErrNotFound if there is no such user.
func (s *Passwords) Replace(ctx context.Context, userID, hash string, now time.Time) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		if err := s.Set(ctx, userID, hash, now); err != nil {
			return err
		}
		return s.execOne(ctx, ErrNotFound, `
			UPDATE users SET epoch = epoch + 1, exposed_at = NULL, updated_at = ? WHERE id = ?`, At(now), userID)
	})
}
