package storage

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

const macKeyName = "mac"

func (s *database) readMACKey(ctx context.Context) ([]byte, error) {
	var sealed []byte
	if err := s.get(ctx, &sealed, `SELECT value_sealed FROM secrets WHERE name = ?`, macKeyName); err != nil {
		return nil, err
	}
	return s.keyset.Open(sealed, "secrets", "value_sealed", macKeyName)
}

// CheckKeyset returns ErrSealed when the keyset does not have the key that the database's secrets are sealed with now: it is older than the
// last rotation.
func (s *Store) CheckKeyset(ctx context.Context) error {
	_, err := s.readMACKey(ctx)
	return err
}

func (s *database) makeMACKey(ctx context.Context) ([]byte, error) {
	fresh := make([]byte, 32)
	rand.Read(fresh)
	sealed, err := s.keyset.Seal(fresh, "secrets", "value_sealed", macKeyName)
	if err != nil {
		return nil, fmt.Errorf("seal the key of keyed hashes: %w", err)
	}
	// Two replicas may start on one empty database: the first row stays.
	if _, err := s.exec(ctx, `INSERT INTO secrets (name, value_sealed) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, macKeyName, sealed); err != nil {
		return nil, err
	}
	return s.readMACKey(ctx)
}

// MAC returns HMAC-SHA-256 over the parts under a key that never leaves the database unsealed. The purpose keeps
// the keyed hashes of different things apart.
func (s *Store) MAC(purpose string, parts ...string) []byte { return s.mac(purpose, parts...) }

func (s *database) mac(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, s.macKey)
	for _, part := range append([]string{purpose}, parts...) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// FormKey binds a form to the person it was shown to and to what it showed. The form carries the key, and its submission counts only if the key
// computed again is the same: not after somebody else signed in in the same browser, and not after the question has changed.
func (s *Store) FormKey(holder string, shown ...string) string {
	return base64.RawURLEncoding.EncodeToString(s.MAC("form", append([]string{holder}, shown...)...))
}

// AccountFormKey returns the [Store.FormKey] of the forms on a user's account pages.
func (s *Store) AccountFormKey(u User) string { return s.FormKey(u.ID, "account") }
