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

// CheckKeyset returns ErrSealed if the keyset lacks the key with which the database's secrets are sealed now, because it is older than the
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
	// Two replicas may start on the same empty database: the row of the first stays.
	if _, err := s.exec(ctx, `INSERT INTO secrets (name, value_sealed) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, macKeyName, sealed); err != nil {
		return nil, err
	}
	return s.readMACKey(ctx)
}

// MAC returns the HMAC-SHA-256 of the parts, with a key that is stored in the database and sealed there. The purpose keeps the keyed hashes
// of different things apart.
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

// FormKey returns a key that binds a form to the person to whom it was shown and to what it showed. The form contains the key, and its
// submission counts only if the key is still the same: not after somebody else has signed in with the same browser, and not after the
// question has changed.
func (s *Store) FormKey(holder string, shown ...string) string {
	return base64.RawURLEncoding.EncodeToString(s.MAC("form", append([]string{holder}, shown...)...))
}

// AccountFormKey returns the [Store.FormKey] for the forms on a user's account pages.
func (s *Store) AccountFormKey(u User) string { return s.FormKey(u.ID, "account") }
