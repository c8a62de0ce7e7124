package storage

import (
	"context"
	"time"
)

// The kinds of tickets. One is never good for what another is for.
const (
	TicketEnrol  = "enrol"  // lets a person set a password and enrol a first authenticator
	TicketReset  = "reset"  // lets a person set a new password and nothing else
	TicketVerify = "verify" // proves that the e-mail address is the person's
	TicketEmail  = "email"  // makes a new e-mail address the account's
	TicketDisown = "disown" // ends a sign-in that was somebody else's
)

// Ticket is a one-time link. Only the hash of its secret is stored.
type Ticket struct {
	Hash      []byte `db:"ticket_hash"`
	Kind      string `db:"kind"`
	UserID    string `db:"user_id"`
	Email     string `db:"email"` // address that the link was sent to, where that matters
	SID       string `db:"sid"`   // session that TicketDisown ends
	CreatedAt Time   `db:"created_at"`
	ExpiresAt Time   `db:"expires_at"`
	UsedAt    Time   `db:"used_at"`
}

const ticketColumns = `ticket_hash, kind, user_id, email, sid, created_at, expires_at, used_at`

// AddTicket stores t in place of the user's other ticket of its kind: only the newest link works. It is one statement, so that of any number
// of tickets at once one is left.
func (s *Store) AddTicket(ctx context.Context, t Ticket) error {
	_, err := s.exec(ctx, `
		INSERT INTO tickets (ticket_hash, kind, user_id, email, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id, kind) WHERE kind <> 'disown' DO UPDATE SET ticket_hash = excluded.ticket_hash, email = excluded.email,
			created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL`,
		t.Hash, t.Kind, t.UserID, t.Email, t.CreatedAt, t.ExpiresAt)
	return err
}

// AddSessionTicket inserts a ticket for one session beside the user's others of its kind.
func (s *Store) AddSessionTicket(ctx context.Context, t Ticket) error {
	_, err := s.exec(ctx, `
		INSERT INTO tickets (ticket_hash, kind, user_id, email, sid, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		t.Hash, t.Kind, t.UserID, t.Email, t.SID, t.CreatedAt, t.ExpiresAt)
	return err
}

// Ticket returns a ticket with that hash and kind, used and expired ones included, or ErrNotFound.
func (s *Store) Ticket(ctx context.Context, hash []byte, kind string) (Ticket, error) {
	var t Ticket
	err := s.get(ctx, &t, `
		SELECT `+ticketColumns+` FROM tickets WHERE ticket_hash = ? AND kind = ?`, hash, kind)
	return t, err
}

// TicketOf returns the ticket of a kind that a user has, used and expired ones included, or ErrNotFound.
func (s *Store) TicketOf(ctx context.Context, userID, kind string) (Ticket, error) {
	var t Ticket
	err := s.get(ctx, &t, `SELECT `+ticketColumns+` FROM tickets WHERE user_id = ? AND kind = ?`, userID, kind)
	return t, err
}

// DropTickets removes the tickets of a kind that a user has.
func (s *Store) DropTickets(ctx context.Context, userID, kind string) error {
	_, err := s.exec(ctx, `DELETE FROM tickets WHERE user_id = ? AND kind = ?`, userID, kind)
	return err
}

// SpendTicket uses a ticket up. ErrNotFound when it does not exist, was used or has expired.
func (s *Store) SpendTicket(ctx context.Context, hash []byte, kind string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE tickets SET used_at = ? WHERE ticket_hash = ? AND kind = ? AND used_at IS NULL AND expires_at > ?`,
		At(now), hash, kind, At(now))
}
