package storage

import (
	"context"
	"time"
)

// Links are the one-time links that people get by mail.
type Links struct{ *database }

// The purposes of links. A link for one purpose is never good for another.
const (
	LinkEnrol  = "enrol"  // lets a person set a password and enrol a first authenticator
	LinkReset  = "reset"  // lets a person set a new password and nothing else
	LinkVerify = "verify" // proves that the e-mail address is the person's
	LinkEmail  = "email"  // confirms a new e-mail address, which replaces that of the account
	LinkDisown = "disown" // ends a sign-in that was somebody else's
)

// Link is a one-time link. Only the hash of its secret is stored.
type Link struct {
	Hash      []byte `db:"ticket_hash"`
	Purpose   string `db:"kind"`
	UserID    string `db:"user_id"`
	Email     string `db:"email"` // address to which the link was sent, for the purposes that need it
	SID       string `db:"sid"`   // id of the session that LinkDisown ends
	CreatedAt Time   `db:"created_at"`
	ExpiresAt Time   `db:"expires_at"`
	UsedAt    Time   `db:"used_at"`
}

const linkColumns = `ticket_hash, kind, user_id, email, sid, created_at, expires_at, used_at`

// Add stores l. It replaces the user's other link for the same purpose, so that only the newest works. It is one statement, so that
// simultaneous calls leave one link.
func (s *Links) Add(ctx context.Context, l Link) error {
	_, err := s.exec(ctx, `
		INSERT INTO tickets (ticket_hash, kind, user_id, email, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id, kind) WHERE kind <> 'disown' DO UPDATE SET ticket_hash = excluded.ticket_hash, email = excluded.email,
			created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL`,
		l.Hash, l.Purpose, l.UserID, l.Email, l.CreatedAt, l.ExpiresAt)
	return err
}

// AddForSession inserts a link for one session. The user's other links for the same purpose stay.
func (s *Links) AddForSession(ctx context.Context, l Link) error {
	_, err := s.exec(ctx, `
		INSERT INTO tickets (ticket_hash, kind, user_id, email, sid, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		l.Hash, l.Purpose, l.UserID, l.Email, l.SID, l.CreatedAt, l.ExpiresAt)
	return err
}

// ByHash returns the link with that hash and purpose, even if it was used or has expired, or ErrNotFound.
func (s *Links) ByHash(ctx context.Context, hash []byte, purpose string) (Link, error) {
	var l Link
	err := s.get(ctx, &l, `
		SELECT `+linkColumns+` FROM tickets WHERE ticket_hash = ? AND kind = ?`, hash, purpose)
	return l, err
}

// OfUser returns a user's link for a purpose, even if it was used or has expired, or ErrNotFound.
func (s *Links) OfUser(ctx context.Context, userID, purpose string) (Link, error) {
	var l Link
	err := s.get(ctx, &l, `SELECT `+linkColumns+` FROM tickets WHERE user_id = ? AND kind = ?`, userID, purpose)
	return l, err
}

// Delete removes a user's links for a purpose.
func (s *Links) Delete(ctx context.Context, userID, purpose string) error {
	_, err := s.exec(ctx, `DELETE FROM tickets WHERE user_id = ? AND kind = ?`, userID, purpose)
	return err
}

// Spend uses up a link. It returns ErrNotFound if the link does not exist, was used or has expired.
func (s *Links) Spend(ctx context.Context, hash []byte, purpose string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE tickets SET used_at = ? WHERE ticket_hash = ? AND kind = ? AND used_at IS NULL AND expires_at > ?`,
		At(now), hash, purpose, At(now))
}
