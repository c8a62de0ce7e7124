package client

import (
	"context"
	"log/slog"
	"regexp"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/loop"
)

// Config is what a Registry needs. Store and Audit are required.
type Config struct {
	Store            *storage.Store
	Audit            *audit.Log
	UnsignedIDTokens bool // whether clients may be registered for ID tokens without a signature
}

// Registry holds the registered clients. Its methods are safe for concurrent use.
type Registry struct {
	store            *storage.Store
	audit            *audit.Log
	unsignedIDTokens bool
	cache            cache
}

// New returns a registry. It reads clients when they are first needed; [Registry.Run] keeps it up to date.
func New(cfg Config) *Registry {
	r := &Registry{store: cfg.Store, audit: cfg.Audit, unsignedIDTokens: cfg.UnsignedIDTokens}
	r.cache.clear()
	return r
}

// idCharacters need no encoding in a URL or in HTTP Basic authentication (RFC 6749 section 2.3.1).
var idCharacters = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)

// Client returns the client with that id, even a disabled one, from memory if it was read before. Errors: [storage.ErrNotFound],
// [storage.ErrUnavailable].
func (r *Registry) Client(ctx context.Context, id string) (*Client, error) {
	if !idCharacters.MatchString(id) {
		return nil, storage.ErrNotFound
	}
	return r.cache.get(id, func() (*Client, error) {
		row, err := r.store.Clients.ByID(ctx, id)
		if err != nil {
			return nil, err
		}
		return fromRow(row)
	})
}

// List returns at most limit clients in the order of their addition, beginning after the one with the id after (empty: from the first).
func (r *Registry) List(ctx context.Context, after string, limit int) ([]*Client, error) {
	rows, err := r.store.Clients.List(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	clients := make([]*Client, len(rows))
	for i, row := range rows {
		if clients[i], err = fromRow(row); err != nil {
			return nil, err
		}
	}
	return clients, nil
}

// Run checks after every poll (1 s in service) whether any client was changed on any replica, and then forgets the clients in memory, until ctx is
// done. It returns nil. While the database is unreachable, the clients in memory stay in use.
func (r *Registry) Run(ctx context.Context, poll time.Duration) error {
	var seen int64
	loop.Every(ctx, poll, func(ctx context.Context) error {
		versions, err := r.store.Versions(ctx)
		if err == nil && versions[storage.VersionClients] != seen {
			seen = versions[storage.VersionClients]
			r.cache.clear()
		}
		return err
	}, func(err error) {
		slog.WarnContext(ctx, "changes of clients cannot be followed", "error", err)
	})
	return nil
}
