package storage

import (
	"context"
	"time"
)

// PushedRequests are the authorization requests that clients sent ahead of the browser (RFC 9126).
type PushedRequests struct{ *database }

// PushedRequest is an authorization request that a client sent ahead of the browser (RFC 9126). Only the hash of its request_uri
// is stored.
type PushedRequest struct {
	Hash        []byte `db:"request_hash"`
	ClientID    string `db:"client_id"`
	Request     string `db:"request"` // form-encoded parameters
	CreatedAt   Time   `db:"created_at"`
	UsableUntil Time   `db:"usable_until"` // a browser has to ask before then
	ExpiresAt   Time   `db:"expires_at"`   // after it even the browser that asked in time is too late
}

// Add stores p.
func (s *PushedRequests) Add(ctx context.Context, p PushedRequest) error {
	_, err := s.exec(ctx, `
		INSERT INTO pushed_requests (request_hash, client_id, request, created_at, usable_until, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		p.Hash, p.ClientID, p.Request, p.CreatedAt, p.UsableUntil, p.ExpiresAt)
	return err
}

// Take returns the parameters of a client's pushed request to the first browser that asks, and to that browser again until the request was
// answered. ErrStale when it is too late for this browser: it gets the parameters all the same, because they say where the error is sent.
// ErrNotFound when there is no such request.
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

// Spend uses a pushed request up: ErrStale when it was used before.
func (s *PushedRequests) Spend(ctx context.Context, hash []byte, now time.Time) error {
	return s.execOne(ctx, ErrStale, `UPDATE pushed_requests SET used_at = ? WHERE request_hash = ? AND used_at IS NULL`, At(now), hash)
}
