package storage

import (
	"context"
	"time"
)

// Registration is an account that somebody asked for. It becomes a user when the link mailed to the address is followed.
type Registration struct {
	Hash      []byte `db:"secret_hash"` // of the secret in the link
	Email     string `db:"email"`
	Name      string `db:"name"`
	Locale    string `db:"locale"`
	CreatedAt Time   `db:"created_at"`
	ExpiresAt Time   `db:"expires_at"`
}

// AddRegistration inserts r. Whether its address is taken is not looked at.
func (s *Store) AddRegistration(ctx context.Context, r Registration) error {
	_, err := s.exec(ctx, `
		INSERT INTO registrations (secret_hash, email, email_key, name, locale, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		r.Hash, r.Email, CanonicalName(r.Email), r.Name, r.Locale, r.CreatedAt, r.ExpiresAt)
	return err
}

// Registration returns the registration of a link. ErrNotFound when there is none or it has expired.
func (s *Store) Registration(ctx context.Context, hash []byte, now time.Time) (Registration, error) {
	var r Registration
	err := s.get(ctx, &r, `
		SELECT secret_hash, email, name, locale, created_at, expires_at FROM registrations WHERE secret_hash = ? AND expires_at > ?`,
		hash, At(now))
	return r, err
}

// SpendRegistration removes a registration: of any number of attempts one succeeds, the others are ErrNotFound, as is one
// that has expired.
func (s *Store) SpendRegistration(ctx context.Context, hash []byte, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `DELETE FROM registrations WHERE secret_hash = ? AND expires_at > ?`, hash, At(now))
}

// DropRegistrations removes every registration of an address.
func (s *Store) DropRegistrations(ctx context.Context, email string) error {
	_, err := s.exec(ctx, `DELETE FROM registrations WHERE email_key = ?`, CanonicalName(email))
	return err
}
