package token

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what an [Issuer] needs. Every field but RefreshGrace is required.
type Config struct {
	Issuer  string // iss of the tokens
	Store   *storage.Store
	Grants  Grants // [storage.Grants], or a wrapper in tests
	Audit   *audit.Log
	Keys    *keys.Ring
	Clients *client.Registry

	AccessTokenLife time.Duration
	IDTokenLife     time.Duration
	RefreshGrace    time.Duration // for how long a refresh whose answer was lost may be repeated
}

// Grants is the part of [storage.Grants] that an [Issuer] uses.
type Grants interface {
	// ByID returns a grant with its user, and whether the access token with tokenID was revoked. Errors: [storage.ErrNotFound] if the grant does not
	// exist or no longer exists.
	ByID(ctx context.Context, id, tokenID string) (storage.GrantState, error)
	// AccessTokenRevoked reports whether an access token without a grant was revoked.
	AccessTokenRevoked(ctx context.Context, tokenID string) (bool, error)
	// Revoke ends a grant and records the event. Errors: [storage.ErrStale] if it was revoked before.
	Revoke(ctx context.Context, id, event string, now time.Time) error
}

// Issuer makes, reads and validates codes and tokens.
type Issuer struct {
	issuer  string
	store   *storage.Store
	grants  Grants
	audit   *audit.Log
	keys    *keys.Ring
	clients *client.Registry

	accessTokenLife, idTokenLife, refreshGrace time.Duration
}

// New returns an issuer.
func New(cfg Config) *Issuer {
	return &Issuer{
		issuer: cfg.Issuer, store: cfg.Store, grants: cfg.Grants, audit: cfg.Audit, keys: cfg.Keys, clients: cfg.Clients,
		accessTokenLife: cfg.AccessTokenLife, idTokenLife: cfg.IDTokenLife, refreshGrace: cfg.RefreshGrace,
	}
}

// RevokeGrant revokes a grant with everything that was issued for it, in its own transaction, and records why. address is that of the request. It is
// not an error if the grant was revoked before.
func (i *Issuer) RevokeGrant(ctx context.Context, g storage.Grant, why audit.Name, address string, now time.Time) error {
	event := i.audit.Rider(audit.Event{Name: why, UserID: g.UserID, ClientID: g.ClientID, Actor: audit.ActorClient, Address: address}, now)
	err := i.grants.Revoke(ctx, g.ID, event, now)
	if errors.Is(err, storage.ErrStale) {
		err = i.store.Confirm(ctx)
	}
	return err
}
