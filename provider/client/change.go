package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Registration is a client to add: see [Registry.Add].
type Registration struct {
	ID     string // client_id; empty: a random one
	Secret string // 32 to 512 printable ASCII characters; empty: a random one, if the client authenticates with a secret
	Metadata
}

// Add registers a client and returns it with its secret, which cannot be read again; empty if the client has no secret. by is recorded in the audit
// log. Errors: several [MetadataError], see [Faults]; [storage.ErrConflict] if the id is taken.
func (r *Registry) Add(ctx context.Context, reg Registration, by audit.By, now time.Time) (*Client, string, error) {
	if err := errors.Join(reg.validate(), r.unsignedFault(reg.Metadata, Metadata{})); err != nil {
		return nil, "", err
	}
	row, secret, err := r.newRow(reg, now)
	if err != nil {
		return nil, "", err
	}
	err = r.store.InTx(ctx, func(ctx context.Context) error {
		if err := r.store.Clients.Add(ctx, row); err != nil {
			return err
		}
		return r.record(ctx, by, audit.ClientAdded, row.ID, map[string]string{"client_type": string(reg.Type)}, now)
	})
	if err != nil {
		return nil, "", err
	}
	r.cache.clear()
	c, err := fromRow(row)
	return c, secret, err
}

// newRow returns the row of a new client and its secret.
func (r *Registry) newRow(reg Registration, now time.Time) (row storage.Client, secret string, err error) {
	row = storage.Client{ID: reg.ID, Version: 1, CreatedAt: storage.At(now), UpdatedAt: storage.At(now)}
	if row.ID == "" {
		row.ID = storage.NewID()
	}
	secret = reg.Secret
	if reg.HasSecret() {
		if secret == "" {
			secret = newSecret()
		}
		row.SecretMAC = r.secretMAC(row.ID, secret)
	}
	return row, secret, setMetadata(&row, reg.Metadata)
}

func (reg Registration) validate() error {
	var f faults
	if reg.ID != "" && !idCharacters.MatchString(reg.ID) {
		f.add("client_id", "must be 1 to 128 letters, digits and . _ ~ -")
	}
	switch {
	case reg.Secret == "":
	case !reg.HasSecret():
		f.add("client_secret", "is not used with the authentication method %.100q", reg.AuthMethod)
	default:
		checkSecret(&f, reg.Secret)
	}
	return errors.Join(f.err(), reg.Metadata.Validate())
}

// unsignedFault returns a [MetadataError] if m, which replaces before, asks for ID tokens without a signature where they are not allowed.
func (r *Registry) unsignedFault(m, before Metadata) error {
	var f faults
	if m.IDTokenAlg == AlgNone && before.IDTokenAlg != AlgNone && !r.unsignedIDTokens {
		f.add("id_token_signed_response_alg", "must not be none: unsigned ID tokens are off here (clients.unsigned_id_tokens)")
	}
	return f.err()
}

// Update replaces the metadata of a client. It returns the changed client and, if the client now authenticates with a secret and did not before, that
// secret. It writes nothing if m changes nothing. Errors: several [MetadataError], see [Faults]; [storage.ErrNotFound]; [storage.ErrStale] if the
// client no longer has the given version.
func (r *Registry) Update(ctx context.Context, id string, version int64, m Metadata, by audit.By, now time.Time) (c *Client, secret string, err error) {
	if err := m.Validate(); err != nil {
		return nil, "", err
	}
	err = r.store.InTx(ctx, func(ctx context.Context) error {
		row, err := r.store.Clients.ByID(ctx, id)
		if err != nil {
			return err
		}
		if row.Version != version {
			return storage.ErrStale
		}
		if c, err = fromRow(row); err != nil {
			return err
		}
		if err := r.unsignedFault(m, c.Metadata); err != nil {
			return err
		}
		changed, err := m.Differences(c.Metadata)
		if err != nil || len(changed) == 0 {
			return err
		}
		if err := setMetadata(&row, m); err != nil {
			return err
		}
		secret = r.adjustSecret(&row, m)
		if err := r.write(ctx, row, by, audit.ClientChanged, marks(changed), now); err != nil {
			return err
		}
		row.Version, row.UpdatedAt = row.Version+1, storage.At(now)
		c, err = fromRow(row)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	r.cache.clear()
	return c, secret, nil
}

// adjustSecret makes a secret for a client that needs one and has none, and removes the secrets of a client that needs none.
func (r *Registry) adjustSecret(row *storage.Client, m Metadata) (secret string) {
	switch {
	case !m.HasSecret():
		row.SecretMAC, row.OldSecretMAC, row.OldSecretUntil = nil, nil, storage.Time{}
	case row.SecretMAC == nil:
		secret = newSecret()
		row.SecretMAC = r.secretMAC(row.ID, secret)
	}
	return secret
}

// RotateSecret gives a client a new random secret and returns it. The previous secret is accepted for the time overlap; an even older one is no
// longer accepted. Errors: [storage.ErrNotFound], [ErrNoSecret].
func (r *Registry) RotateSecret(ctx context.Context, id string, overlap time.Duration, by audit.By, now time.Time) (string, error) {
	secret := newSecret()
	err := r.change(ctx, id, by, audit.ClientSecretRotated, now, func(row *storage.Client) (bool, error) {
		if row.SecretMAC == nil {
			return false, ErrNoSecret
		}
		row.OldSecretMAC, row.OldSecretUntil = nil, storage.Time{}
		if overlap > 0 {
			row.OldSecretMAC, row.OldSecretUntil = row.SecretMAC, storage.At(now.Add(overlap))
		}
		row.SecretMAC = r.secretMAC(id, secret)
		return true, nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Disable disables a client: it cannot authenticate, and its grants and tokens do not work until [Registry.Enable]. A disabled client stays as it is.
// Errors: [storage.ErrNotFound].
func (r *Registry) Disable(ctx context.Context, id string, by audit.By, now time.Time) error {
	return r.change(ctx, id, by, audit.ClientDisabled, now, func(row *storage.Client) (bool, error) {
		changed := row.DisabledAt.IsZero()
		row.DisabledAt = storage.At(now)
		return changed, nil
	})
}

// Enable enables a client again. An enabled client stays as it is. Errors: [storage.ErrNotFound].
func (r *Registry) Enable(ctx context.Context, id string, by audit.By, now time.Time) error {
	return r.change(ctx, id, by, audit.ClientEnabled, now, func(row *storage.Client) (bool, error) {
		changed := !row.DisabledAt.IsZero()
		row.DisabledAt = storage.Time{}
		return changed, nil
	})
}

// Remove deletes a client with all its consents and grants. Errors: [storage.ErrNotFound].
func (r *Registry) Remove(ctx context.Context, id string, by audit.By, now time.Time) error {
	err := r.store.InTx(ctx, func(ctx context.Context) error {
		if err := r.store.Clients.Delete(ctx, id); err != nil {
			return err
		}
		return r.record(ctx, by, audit.ClientRemoved, id, nil, now)
	})
	r.cache.clear()
	return err
}

// mostTries is how often an operation without a version is tried when others change the client at the same time.
const mostTries = 5

// change applies edit to the current row and stores it, unless edit reports that it changed nothing.
func (r *Registry) change(
	ctx context.Context, id string, by audit.By, name audit.Name, now time.Time, edit func(*storage.Client) (bool, error),
) error {
	once := func(ctx context.Context) error {
		row, err := r.store.Clients.ByID(ctx, id)
		if err != nil {
			return err
		}
		changed, err := edit(&row)
		if err != nil || !changed {
			return err
		}
		return r.write(ctx, row, by, name, nil, now)
	}
	err := storage.ErrStale
	for try := 0; try < mostTries && errors.Is(err, storage.ErrStale); try++ {
		err = r.store.InTx(ctx, once)
	}
	r.cache.clear()
	return err
}

// write stores a changed row with its audit entry.
func (r *Registry) write(
	ctx context.Context, row storage.Client, by audit.By, name audit.Name, detail map[string]string, now time.Time,
) error {
	if err := r.store.Clients.Update(ctx, row, now); err != nil {
		return err
	}
	return r.record(ctx, by, name, row.ID, detail, now)
}

func (r *Registry) record(
	ctx context.Context, by audit.By, name audit.Name, id string, detail map[string]string, now time.Time,
) error {
	event := by.Action(name, detail)
	event.ClientID = id
	return r.audit.Record(ctx, event, now)
}

// marks returns an audit detail with the names of changed members, but not their values.
func marks(changed []string) map[string]string {
	detail := make(map[string]string, len(changed))
	for _, name := range changed {
		detail[name] = "changed"
	}
	return detail
}

func setMetadata(row *storage.Client, m Metadata) error {
	text, err := json.Marshal(m.normal())
	row.Name, row.Metadata = m.Name, text
	return err
}
