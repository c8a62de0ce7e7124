package storage

import (
	"context"
	"time"
)

// SignUps are the accounts that people have asked for and that do not exist yet.
type SignUps struct{ *database }

// SignUp is an account that somebody has asked for. It becomes a user when the person follows the link mailed to the address.
type SignUp struct {
	Hash      []byte `db:"secret_hash"` // of the secret in the link
	Email     string `db:"email"`
	Name      string `db:"name"`
	Locale    string `db:"locale"`
	CreatedAt Time   `db:"created_at"`
	ExpiresAt Time   `db:"expires_at"`
}

// Add inserts r. It does not check whether a user has the address already.
func (s *SignUps) Add(ctx context.Context, r SignUp) error {
	_, err := s.exec(ctx, `
		INSERT INTO registrations (secret_hash, email, email_key, name, locale, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		r.Hash, r.Email, CanonicalName(r.Email), r.Name, r.Locale, r.CreatedAt, r.ExpiresAt)
	return err
}

// ByHash returns the sign-up whose link has that hash. It returns ErrNotFound if there is none or it has expired.
func (s *SignUps) ByHash(ctx context.Context, hash []byte, now time.Time) (SignUp, error) {
	var r SignUp
	err := s.get(ctx, &r, `
		SELECT secret_hash, email, name, locale, created_at, expires_at FROM registrations WHERE secret_hash = ? AND expires_at > ?`,
		hash, At(now))
	return r, err
}

// Spend removes a sign-up. It returns ErrNotFound if it was removed before or has expired: of any number of attempts one succeeds.
func (s *SignUps) Spend(ctx context.Context, hash []byte, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `DELETE FROM registrations WHERE secret_hash = ? AND expires_at > ?`, hash, At(now))
}

// DeleteByEmail removes every sign-up for an e-mail address.
func (s *SignUps) DeleteByEmail(ctx context.Context, email string) error {
	_, err := s.exec(ctx, `DELETE FROM registrations WHERE email_key = ?`, CanonicalName(email))
	return err
}
