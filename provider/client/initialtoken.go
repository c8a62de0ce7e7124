package client

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// initialPrefix begins an initial access token.
const initialPrefix = "pst_it_"

// Limits of an initial access token.
const (
	MostUses    = 10_000
	LongestLife = 365 * 24 * time.Hour
)

// ErrInitialToken says that the number of uses or the lifetime of a new initial access token is out of range.
var ErrInitialToken = errors.New("an initial access token is good for 1 to 10000 clients and at most 365 days")

// AddInitialToken makes a token with which that many apps can register themselves (RFC 7591 section 3) during the time life. It returns the token's
// text as well, which cannot be read again. Errors: [ErrInitialToken].
func (r *Registry) AddInitialToken(
	ctx context.Context, uses int64, life time.Duration, by audit.By, now time.Time,
) (storage.InitialToken, string, error) {
	if uses < 1 || uses > MostUses || life <= 0 || life > LongestLife {
		return storage.InitialToken{}, "", ErrInitialToken
	}
	text := randomText(initialPrefix)
	token := storage.InitialToken{
		ID: storage.NewID(), Hash: storage.Hash(text), Uses: uses, UsesLeft: uses, CreatedAt: storage.At(now), ExpiresAt: storage.At(now.Add(life)),
	}
	err := r.store.InTx(ctx, func(ctx context.Context) error {
		if err := r.store.InitialTokens.Add(ctx, token); err != nil {
			return err
		}
		detail := map[string]string{"id": token.ID, "uses": strconv.FormatInt(uses, 10)}
		return r.audit.Record(ctx, by.Action(audit.InitialTokenAdded, detail), now)
	})
	return token, text, err
}

// InitialTokenGood reports whether another client can register with a token. It does not count as a use.
func (r *Registry) InitialTokenGood(ctx context.Context, text string, now time.Time) (bool, error) {
	_, err := r.store.InitialTokens.ByHash(ctx, storage.Hash(text), now)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// InitialTokens returns at most limit tokens that follow the one with the id after (empty: from the first), including used up and expired ones.
func (r *Registry) InitialTokens(ctx context.Context, after string, limit int) ([]storage.InitialToken, error) {
	return r.store.InitialTokens.List(ctx, after, limit)
}

// RemoveInitialToken removes a token. The clients that registered with it stay. Errors: [storage.ErrNotFound].
func (r *Registry) RemoveInitialToken(ctx context.Context, id string, by audit.By, now time.Time) error {
	return r.store.InTx(ctx, func(ctx context.Context) error {
		if err := r.store.InitialTokens.Delete(ctx, id); err != nil {
			return err
		}
		return r.audit.Record(ctx, by.Action(audit.InitialTokenRemoved, map[string]string{"id": id}), now)
	})
}
