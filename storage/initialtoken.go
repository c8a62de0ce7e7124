package storage

import (
	"context"
	"time"
)

// InitialTokens are the initial access tokens with which apps register themselves (RFC 7591 section 3).
type InitialTokens struct{ *database }

// InitialToken is an initial access token, with which apps register themselves (RFC 7591 section 3). Only a hash of its text is stored.
type InitialToken struct {
	ID        string `db:"id"`
	Hash      []byte `db:"token_hash"`
	Uses      int64  `db:"uses"` // how many registrations it was made for
	UsesLeft  int64  `db:"uses_left"`
	CreatedAt Time   `db:"created_at"`
	ExpiresAt Time   `db:"expires_at"`
}

const initialTokenColumns = `id, token_hash, uses, uses_left, created_at, expires_at`

// Add inserts t.
func (s *InitialTokens) Add(ctx context.Context, t InitialToken) error {
	_, err := s.exec(ctx, `
		INSERT INTO initial_access_tokens (`+initialTokenColumns+`) VALUES (?, ?, ?, ?, ?, ?)`,
		t.ID, t.Hash, t.Uses, t.UsesLeft, t.CreatedAt, t.ExpiresAt)
	return err
}

// ByHash returns the token with that hash. It returns ErrNotFound if there is no such token, it has expired, or no use is left.
func (s *InitialTokens) ByHash(ctx context.Context, hash []byte, now time.Time) (InitialToken, error) {
	var t InitialToken
	err := s.get(ctx, &t, `
		SELECT `+initialTokenColumns+` FROM initial_access_tokens WHERE token_hash = ? AND uses_left > 0 AND expires_at > ?`, hash, At(now))
	return t, err
}

// Spend takes one use of a token and returns the token's id. It returns ErrNotFound if the token has expired or no use is left: no more
// attempts succeed than there are uses.
func (s *InitialTokens) Spend(ctx context.Context, hash []byte, now time.Time) (id string, err error) {
	err = s.getFresh(ctx, &id, `
		UPDATE initial_access_tokens SET uses_left = uses_left - 1
		WHERE token_hash = ? AND uses_left > 0 AND expires_at > ? RETURNING id`, hash, At(now))
	return id, err
}

// List returns up to limit tokens in the order of their ids, after the one with the id after (empty: from the first). Spent and expired
// tokens are included until they are swept.
func (s *InitialTokens) List(ctx context.Context, after string, limit int) ([]InitialToken, error) {
	var tokens []InitialToken
	err := s.list(ctx, &tokens, `SELECT `+initialTokenColumns+` FROM initial_access_tokens WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	return tokens, err
}

// Delete removes a token. Clients that were registered with it stay. It returns ErrNotFound if there is no such token.
func (s *InitialTokens) Delete(ctx context.Context, id string) error {
	return s.execOne(ctx, ErrNotFound, `DELETE FROM initial_access_tokens WHERE id = ?`, id)
}
