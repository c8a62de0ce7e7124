package client

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// registrationPrefix begins a registration access token.
const registrationPrefix = "pst_rg_"

// mostUninvited is how many clients can register themselves before any other needs an initial access token, so that strangers cannot fill the
// database.
const mostUninvited = 1000

// SelfRegistered is a client that registered itself, with its secret and its token, which cannot be read again.
type SelfRegistered struct {
	*Client
	Secret string // empty: the client has no secret
	Token  string // the registration access token (RFC 7592 section 3); it stays the same as long as the client exists
}

// Register registers a client by its own request. It spends one use of the initial access token, unless that is empty.
//
// Errors: [storage.ErrNotFound] if no other client can register with the token; [ErrFull]; those of [Registry.Add].
func (r *Registry) Register(ctx context.Context, m Metadata, initialToken string, by audit.By, now time.Time) (SelfRegistered, error) {
	if err := errors.Join(m.Validate(), r.unsignedFault(m, Metadata{})); err != nil {
		return SelfRegistered{}, err
	}
	row, secret, err := r.newRow(Registration{Metadata: m}, now)
	if err != nil {
		return SelfRegistered{}, err
	}
	token := randomText(registrationPrefix)
	row.RegistrationHash = storage.Hash(token)
	err = r.store.InTx(ctx, func(ctx context.Context) error {
		detail := map[string]string{"client_type": string(m.Type)}
		if initialToken != "" {
			if row.InitialTokenID, err = r.store.InitialTokens.Spend(ctx, storage.Hash(initialToken), now); err != nil {
				return err
			}
			detail["initial_access_token"] = row.InitialTokenID
		}
		if err := r.store.Clients.Add(ctx, row); err != nil {
			return err
		}
		if initialToken == "" {
			// Counted after the addition, which waits for concurrent ones, so that the count includes them.
			count, err := r.store.Clients.CountSelfRegistered(ctx, mostUninvited+1)
			if err != nil {
				return err
			}
			if count > mostUninvited {
				return ErrFull
			}
		}
		return r.record(ctx, by, audit.ClientAdded, row.ID, detail, now)
	})
	if err != nil {
		return SelfRegistered{}, err
	}
	r.cache.clear()
	c, err := fromRow(row)
	return SelfRegistered{c, secret, token}, err
}

// Managed returns the client with that id, read from the database, if it registered itself and token is its registration access token. Errors:
// [storage.ErrNotFound] otherwise, and for a disabled client.
func (r *Registry) Managed(ctx context.Context, id, token string) (*Client, error) {
	if !idCharacters.MatchString(id) {
		return nil, storage.ErrNotFound
	}
	row, err := r.store.Clients.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if row.RegistrationHash == nil || !row.DisabledAt.IsZero() || subtle.ConstantTimeCompare(row.RegistrationHash, storage.Hash(token)) != 1 {
		return nil, storage.ErrNotFound
	}
	return fromRow(row)
}
