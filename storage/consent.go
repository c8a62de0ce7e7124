package storage

import (
	"context"
	"time"
)

// Consent is what a user has granted to a client until it is withdrawn.
type Consent struct {
	UserID    string  `db:"user_id"`
	ClientID  string  `db:"client_id"`
	Scopes    Strings `db:"scopes"`
	CreatedAt Time    `db:"created_at"`
	UpdatedAt Time    `db:"updated_at"`
}

// SaveConsent makes scopes what the user has granted to the client.
func (s *Store) SaveConsent(ctx context.Context, userID, clientID string, scopes []string, now time.Time) error {
	_, err := s.exec(ctx, `
		INSERT INTO consents (user_id, client_id, scopes, created_at, updated_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (user_id, client_id) DO UPDATE SET scopes = excluded.scopes, updated_at = excluded.updated_at`,
		userID, clientID, Strings(scopes), At(now), At(now))
	return err
}

// Consents returns what a user has granted, newest first.
func (s *Store) Consents(ctx context.Context, userID string) ([]Consent, error) {
	var consents []Consent
	err := s.list(ctx, &consents, `
		SELECT user_id, client_id, scopes, created_at, updated_at FROM consents
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
