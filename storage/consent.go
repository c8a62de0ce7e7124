package storage

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Access is what a client may have of a user: scopes, and the claims that it gets by name beside those that the scopes bring.
type Access struct {
	Scopes Strings `db:"scopes"`
	Claims Strings `db:"claims"`
}

// FormKey is [Store.FormKey] for the question whether the client of a flow may have access.
func (a Access) FormKey(s *Store, signIn SignIn, flow Flow) string {
	return s.FormKey(signIn.ID(), "access", flow.ID, strings.Join(a.Scopes, " "), strings.Join(a.Claims, " "))
}

// with returns the access that a and b give together.
func (a Access) with(b Access) Access {
	return Access{Scopes: joined(a.Scopes, b.Scopes), Claims: joined(a.Claims, b.Claims)}
}

// joined returns the texts of both lists, sorted, each once.
func joined(a, b Strings) Strings {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// Consent is what a user has granted to a client until it is withdrawn.
type Consent struct {
	UserID    string `db:"user_id"`
	ClientID  string `db:"client_id"`
	Access           // everything that was agreed to since CreatedAt
	CreatedAt Time   `db:"created_at"`
	UpdatedAt Time   `db:"updated_at"`
}

// AddConsent adds access to what the user has granted to the client. The row is locked from the read to the write, so that of answers that
// are given at the same time none is lost, and what was withdrawn before does not come back. ErrNotFound when user or client are gone.
func (s *Store) AddConsent(ctx context.Context, userID, clientID string, access Access, now time.Time) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		var granted Access
		if err := s.getFresh(ctx, &granted, `
			INSERT INTO consents (user_id, client_id, scopes, claims, created_at, updated_at) VALUES (?, ?, '[]', '[]', ?, ?)
			ON CONFLICT (user_id, client_id) DO UPDATE SET updated_at = excluded.updated_at
			RETURNING scopes, claims`, userID, clientID, At(now), At(now)); err != nil {
			return err
		}
		granted = granted.with(access)
		return s.execOne(ctx, ErrNotFound, `UPDATE consents SET scopes = ?, claims = ? WHERE user_id = ? AND client_id = ?`,
			granted.Scopes, granted.Claims, userID, clientID)
	})
}

// Consents returns what a user has granted, newest first.
func (s *Store) Consents(ctx context.Context, userID string) ([]Consent, error) {
	var consents []Consent
	err := s.list(ctx, &consents, `
		SELECT user_id, client_id, scopes, claims, created_at, updated_at FROM consents
		WHERE user_id = ? ORDER BY updated_at DESC, client_id LIMIT 1000`, userID)
	return consents, err
}

// WithdrawConsent removes a consent and ends every grant of the user to the client, also one that no consent was asked for. ErrNotFound
// when there is neither.
func (s *Store) WithdrawConsent(ctx context.Context, userID, clientID string, now time.Time) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		consents, err := s.exec(ctx, `DELETE FROM consents WHERE user_id = ? AND client_id = ?`, userID, clientID)
		if err != nil {
			return err
		}
		grants, err := s.exec(ctx, `
			UPDATE grants SET revoked_at = ? WHERE user_id = ? AND client_id = ? AND revoked_at IS NULL AND expires_at > ?`,
			At(now), userID, clientID, At(now))
		if err == nil && consents+grants == 0 {
			return ErrNotFound
		}
		return err
	})
}
