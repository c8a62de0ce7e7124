package storage

import (
	"context"
	"time"
)

// PushedRequests are the authorization requests that clients sent ahead of the browser (RFC 9126).
type PushedRequests struct{ *database }

// PushedRequest is an authorization request that a client sent ahead of the browser (RFC 9126). Of its request_uri only a hash is stored.
type PushedRequest struct {
	Hash        []byte `db:"request_hash"`
	ClientID    string `db:"client_id"`
	Request     string `db:"request"` // form-encoded parameters
	CreatedAt   Time   `db:"created_at"`
	UsableUntil Time   `db:"usable_until"` // before then a browser must come with it
	ExpiresAt   Time   `db:"expires_at"`   // after then even a browser that came in time is too late
}

// Add inserts p.
func (s *PushedRequests) Add(ctx context.Context, p PushedRequest) error {
	_, err := s.exec(ctx, `
		INSERT INTO pushed_requests (request_hash, client_id, request, created_at, usable_until, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		p.Hash, p.ClientID, p.Request, p.CreatedAt, p.UsableUntil, p.ExpiresAt)
	return err
}

// Take assigns a client's pushed request to the first browser that comes with it, and returns its parameters, to that browser again until
// the request is answered. It returns ErrNotFound if there is no such request. If it returns ErrStale, because the request is used, expired
// or another browser's, it returns the parameters as well: they say where to send the error.
func (s *PushedRequests) Take(ctx context.Context, hash []byte, clientID string, browserHash []byte, now time.Time) (string, error) {
	var request string
	err := s.getFresh(ctx, &request, `
		UPDATE pushed_requests SET browser_hash = ?
		WHERE request_hash = ? AND client_id = ? AND used_at IS NULL AND expires_at > ?
			AND (browser_hash = ? OR browser_hash IS NULL AND usable_until > ?)
		RETURNING request`, browserHash, hash, clientID, At(now), browserHash, At(now))
	if err != ErrNotFound {
		return request, err
	}
	err = s.get(ctx, &request, `SELECT request FROM pushed_requests WHERE request_hash = ? AND client_id = ?`, hash, clientID)
	if err == nil {
		err = ErrStale
	}
	return request, err
}

// Spend uses up a pushed request. It returns ErrStale if the request was used before.
func (s *PushedRequests) Spend(ctx context.Context, hash []byte, now time.Time) error {
	return s.execOne(ctx, ErrStale, `UPDATE pushed_requests SET used_at = ? WHERE request_hash = ? AND used_at IS NULL`, At(now), hash)
}
