package storage

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Keys are the keys that sign tokens.
type Keys struct{ *database }

// SigningKey is a key that signs tokens. It is published before it begins to sign, and for a while after it was retired.
type SigningKey struct {
	ID        string          // kid of RFC 7517 section 4.5
	Algorithm string          // alg of RFC 7518 section 3.1
	Public    json.RawMessage // JWK
	// Private is the private key as PKCS#8, sealed in the database. It is nil if it cannot be decrypted: such a key verifies and does not
	// sign.
	Private        []byte
	CreatedAt      time.Time
	SignsFrom      time.Time
	RetiredAt      time.Time // zero: not retired
	PublishedUntil time.Time // zero: until it is retired
}

// Add inserts k, seals its private key, and makes replicas read the keys again. It returns ErrConflict if the id is taken.
func (s *Keys) Add(ctx context.Context, k SigningKey) error {
	sealed, err := s.keyset.Seal(k.Private, "signing_keys", "private_sealed", k.ID)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, `
			INSERT INTO signing_keys (id, algorithm, public, private_sealed, created_at, signs_from, retired_at, published_until)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			k.ID, k.Algorithm, JSON(k.Public), sealed, At(k.CreatedAt), At(k.SignsFrom), At(k.RetiredAt), At(k.PublishedUntil)); err != nil {
			return err
		}
		return s.raiseVersion(ctx, VersionSigningKeys)
	})
}

// List returns all signing keys, oldest first.
func (s *Keys) List(ctx context.Context) ([]SigningKey, error) {
	var rows []struct {
		ID             string `db:"id"`
		Algorithm      string `db:"algorithm"`
		Public         JSON   `db:"public"`
		Private        []byte `db:"private_sealed"`
		CreatedAt      Time   `db:"created_at"`
		SignsFrom      Time   `db:"signs_from"`
		RetiredAt      Time   `db:"retired_at"`
		PublishedUntil Time   `db:"published_until"`
	}
	if err := s.list(ctx, &rows, `
		SELECT id, algorithm, public, private_sealed, created_at, signs_from, retired_at, published_until
		FROM signing_keys ORDER BY created_at, id`); err != nil {
		return nil, err
	}
	keys := make([]SigningKey, len(rows))
	for i, row := range rows {
		private, err := s.keyset.Open(row.Private, "signing_keys", "private_sealed", row.ID)
		if err != nil && !errors.Is(err, ErrSealed) {
			return nil, err
		}
		keys[i] = SigningKey{
			ID: row.ID, Algorithm: row.Algorithm, Public: json.RawMessage(row.Public), Private: private, CreatedAt: row.CreatedAt.Time,
			SignsFrom: row.SignsFrom.Time, RetiredAt: row.RetiredAt.Time, PublishedUntil: row.PublishedUntil.Time,
		}
	}
	return keys, nil
}

// Retire ends the use of a key for signing at the time at, and its publication at publishedUntil, and makes replicas read the keys again.
// It returns ErrNotFound if there is no such key, and ErrStale if it was retired before.
func (s *Keys) Retire(ctx context.Context, id string, at, publishedUntil time.Time) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		err := s.execOne(ctx, ErrStale, `
			UPDATE signing_keys SET retired_at = ?, published_until = ? WHERE id = ? AND retired_at IS NULL`, At(at), At(publishedUntil), id)
		if errors.Is(err, ErrStale) {
			var found string
			if missing := s.get(ctx, &found, `SELECT id FROM signing_keys WHERE id = ?`, id); missing != nil {
				return missing
			}
		}
		if err != nil {
			return err
		}
		return s.raiseVersion(ctx, VersionSigningKeys)
	})
}

// DeleteExpired removes the keys whose publication ended at publishedBefore or earlier, and returns how many there were. If there were any,
// it makes replicas read the keys again.
func (s *Keys) DeleteExpired(ctx context.Context, publishedBefore time.Time) (deleted int64, err error) {
	err = s.inTx(ctx, func(ctx context.Context) error {
		deleted, err = s.exec(ctx, `DELETE FROM signing_keys WHERE published_until <= ?`, At(publishedBefore))
		if err != nil || deleted == 0 {
			return err
		}
		return s.raiseVersion(ctx, VersionSigningKeys)
	})
	return deleted, err
}
