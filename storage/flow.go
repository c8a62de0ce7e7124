package storage

import (
	"context"
	"time"
)

// Flows are the authorization requests in progress.
type Flows struct{ *database }

// Flow is an authorization request in progress: the request as it was validated, and what has happened to it since.
type Flow struct {
	ID          string `db:"id"`
	BrowserHash []byte `db:"browser_hash"` // of the cookie of the browser that began it
	ClientID    string `db:"client_id"`
	Request     string `db:"request"` // form-encoded parameters
	CreatedAt   Time   `db:"created_at"`
	ExpiresAt   Time   `db:"expires_at"`
	// ConsentedAt is when ConsentedBy (a user id) agreed on the consent page of this flow.
	ConsentedAt Time   `db:"consented_at"`
	ConsentedBy string `db:"consented_by"`
	// DeniedAt is when the person refused or cancelled.
	DeniedAt Time `db:"denied_at"`
}

// Add inserts f.
func (s *Flows) Add(ctx context.Context, f Flow) error {
	_, err := s.exec(ctx, `
		INSERT INTO flows (id, browser_hash, client_id, request, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		f.ID, f.BrowserHash, f.ClientID, f.Request, f.CreatedAt, f.ExpiresAt)
	return err
}

// ByID returns the flow with that id. It returns ErrNotFound if there is no such flow, it was begun by a browser with another cookie hash,
// or it has expired.
func (s *Flows) ByID(ctx context.Context, id string, browserHash []byte, now time.Time) (Flow, error) {
	var f Flow
	err := s.get(ctx, &f, `
		SELECT id, browser_hash, client_id, request, created_at, expires_at, consented_at, coalesce(consented_by, '') AS consented_by, denied_at
		FROM flows WHERE id = ? AND browser_hash = ? AND expires_at > ?`, id, browserHash, At(now))
	return f, err
}

// Consent records that a user agreed on the flow's consent page. It returns ErrNotFound if the flow is over or was denied.
func (s *Flows) Consent(ctx context.Context, id, userID string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE flows SET consented_at = ?, consented_by = ? WHERE id = ? AND expires_at > ? AND denied_at IS NULL`,
		At(now), userID, id, At(now))
}

// Deny records that the person refused or cancelled. It returns ErrNotFound if the flow is over.
func (s *Flows) Deny(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE flows SET denied_at = ? WHERE id = ? AND expires_at > ?`, At(now), id, At(now))
}

// End removes a flow. It returns ErrStale if it was removed already, so that a flow is answered once.
func (s *Flows) End(ctx context.Context, id string) error {
	return s.execOne(ctx, ErrStale, `DELETE FROM flows WHERE id = ?`, id)
}
