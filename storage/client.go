package storage

import (
	"context"
	"time"
)

// Clients are the registered OAuth 2.0 clients.
type Clients struct{ *database }

// Client is the row of a registered OAuth 2.0 client. Package provider/client knows what the metadata mean.
type Client struct {
	ID       string `db:"id"`
	Name     string `db:"name"`
	Metadata JSON   `db:"metadata"`
	// SecretMAC is the keyed hash of the client secret, or nil for a client without a secret.
	SecretMAC []byte `db:"secret_mac"`
	// OldSecretMAC is still accepted until OldSecretUntil, so that a secret can be replaced without an outage.
	OldSecretMAC   []byte `db:"old_secret_mac"`
	OldSecretUntil Time   `db:"old_secret_until"`
	// RegistrationHash is the hash of the registration access token (RFC 7592) of a client that registered itself, or nil for any other
	// client. It never changes.
	RegistrationHash []byte `db:"registration_hash"`
	// InitialTokenID is the id of the initial access token with which the client registered itself, or empty if it used none. It never
	// changes.
	InitialTokenID string `db:"initial_token_id"`
	DisabledAt     Time   `db:"disabled_at"`
	Version        int64  `db:"version"`
	CreatedAt      Time   `db:"created_at"`
	UpdatedAt      Time   `db:"updated_at"`
}

const clientColumns = `id, name, metadata, secret_mac, old_secret_mac, old_secret_until, registration_hash,
	coalesce(initial_token_id, '') AS initial_token_id, disabled_at, version, created_at, updated_at`

// Add inserts c. It returns ErrConflict if the id is taken.
func (s *Clients) Add(ctx context.Context, c Client) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, `
			INSERT INTO clients (id, name, metadata, secret_mac, old_secret_mac, old_secret_until, registration_hash, initial_token_id, disabled_at,
				version, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			c.ID, c.Name, c.Metadata, c.SecretMAC, c.OldSecretMAC, c.OldSecretUntil, c.RegistrationHash, c.InitialTokenID, c.DisabledAt,
			c.Version, c.CreatedAt, c.UpdatedAt); err != nil {
			return err
		}
		return s.raiseVersion(ctx, VersionClients)
	})
}

// ByID returns the client with that id, even if it is disabled, or ErrNotFound.
func (s *Clients) ByID(ctx context.Context, id string) (Client, error) {
	var c Client
	err := s.get(ctx, &c, `SELECT `+clientColumns+` FROM clients WHERE id = ?`, id)
	return c, err
}

// List returns up to limit clients in the order they were added, after the client with the id after (empty: from the first). It returns
// ErrNotFound if the client after is gone and the next page cannot be determined.
func (s *Clients) List(ctx context.Context, after string, limit int) ([]Client, error) {
	var clients []Client
	if after == "" {
		err := s.list(ctx, &clients, `SELECT `+clientColumns+` FROM clients ORDER BY created_at, id LIMIT ?`, limit)
		return clients, err
	}
	err := s.list(ctx, &clients, `
		SELECT `+clientColumns+` FROM clients
		WHERE (created_at, id) > (SELECT a.created_at, a.id FROM clients a WHERE a.id = ?)
		ORDER BY created_at, id LIMIT ?`, after, limit)
	if err == nil && len(clients) == 0 {
		_, err = s.ByID(ctx, after)
	}
	return clients, err
}

// Update writes all of c but its RegistrationHash and InitialTokenID. It returns ErrStale if the client was changed since c was read.
func (s *Clients) Update(ctx context.Context, c Client, now time.Time) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		if err := s.execOne(ctx, ErrStale, `
			UPDATE clients SET name = ?, metadata = ?, secret_mac = ?, old_secret_mac = ?, old_secret_until = ?, disabled_at = ?,
				version = version + 1, updated_at = ?
			WHERE id = ? AND version = ?`,
			c.Name, c.Metadata, c.SecretMAC, c.OldSecretMAC, c.OldSecretUntil, c.DisabledAt, At(now), c.ID, c.Version); err != nil {
			return err
		}
		return s.raiseVersion(ctx, VersionClients)
	})
}

// Delete removes the client with all its consents, grants and requests in progress. It returns ErrNotFound if there is no such client.
func (s *Clients) Delete(ctx context.Context, id string) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		if err := s.execOne(ctx, ErrNotFound, `DELETE FROM clients WHERE id = ?`, id); err != nil {
			return err
		}
		return s.raiseVersion(ctx, VersionClients)
	})
}

// CountSelfRegistered returns how many clients registered themselves. It counts no further than most.
func (s *Clients) CountSelfRegistered(ctx context.Context, most int) (int, error) {
	var count int
	err := s.get(ctx, &count, `
		SELECT count(*) FROM (SELECT c.id FROM clients c WHERE c.registration_hash IS NOT NULL LIMIT ?) AS counted`, most)
	return count, err
}
