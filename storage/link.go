package storage

import (
	"context"
	"time"
)

// Links are the one-time links that people get by mail.
type Links struct{ *database }

// The purposes of links. A link is never good for another purpose.
const (
	LinkEnrol  = "enrol"  // lets a person set a password and enrol a first authenticator
	LinkReset  = "reset"  // lets a person set a new password and nothing else
	LinkVerify = "verify" // proves that the e-mail address is the person's
	LinkEmail  = "email"  // makes a new e-mail address the account's
	LinkDisown = "disown" // ends a sign-in that was somebody else's
)

// Link is a one-time link. Only the hash of its secret is stored.
type Link struct {
	Hash      []byte `db:"ticket_hash"`
	Purpose   string `db:"kind"`
	UserID    string `db:"user_id"`
	Email     string `db:"email"` // address that the link was sent to, where that matters
	SID       string `db:"sid"`   // session that LinkDisown ends
	CreatedAt Time   `db:"created_at"`
	ExpiresAt Time   `db:"expires_at"`
	UsedAt    Time   `db:"used_at"`
}

const linkColumns = `ticket_hash, kind, user_id, email, sid, created_at, expires_at, used_at`

// Add stores l in place of the user's other link of its purpose: only the newest works. It is one statement, so that of any number
// of links at once one is left.
func (s *Links) Add(ctx context.Context, l Link) error {
	_, err := s.exec(ctx, `
		INSERT INTO tickets (ticket_hash, kind, user_id, email, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id, kind) WHERE kind <> 'disown' DO UPDATE SET ticket_hash = excluded.ticket_hash, email = excluded.email,
			created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL`,
		l.Hash, l.Purpose, l.UserID, l.Email, l.CreatedAt, l.ExpiresAt)
	return err
}

// AddForSession inserts a link for one session beside the user's others of its purpose.
func (s *Links) AddForSession(ctx context.Context, l Link) error {
	_, err := s.exec(ctx, `
		INSERT INTO tickets (ticket_hash, kind, user_id, email, sid, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		l.Hash, l.Purpose, l.UserID, l.Email, l.SID, l.CreatedAt, l.ExpiresAt)
	return err
}

// ByHash returns the link with that hash and purpose, used and expired ones included, or ErrNotFound.
func (s *Links) ByHash(ctx context.Context, hash []byte, purpose string) (Link, error) {
	var l Link
	err := s.get(ctx, &l, `
		SELECT `+linkColumns+` FROM tickets WHERE ticket_hash = ? AND kind = ?`, hash, purpose)
	return l, err
}

// OfUser returns the link of a purpose that a user has, used and expired ones included, or ErrNotFound.
func (s *Links) OfUser(ctx context.Context, userID, purpose string) (Link, error) {
	var l Link
	err := s.get(ctx, &l, `SELECT `+linkColumns+` FROM tickets WHERE user_id = ? AND kind = ?`, userID, purpose)
	return l, err
}

// Delete removes the links of a purpose that a user has.
func (s *Links) Delete(ctx context.Context, userID, purpose string) error {
	_, err := s.exec(ctx, `DELETE FROM tickets WHERE user_id = ? AND kind = ?`, userID, purpose)
	return err
}

// Spend uses a link up. ErrNotFound when it does not exist, was used or has expired.
func (s *Links) Spend(ctx context.Context, hash []byte, purpose string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE tickets SET used_at = ? WHERE ticket_hash = ? AND kind = ? AND used_at IS NULL AND expires_at > ?`,
		At(now), hash, purpose, At(now))
}
