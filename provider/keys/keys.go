package keys

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/loop"
)

var (
	// ErrUnknownKey says that no published key has the token's kid.
	ErrUnknownKey = errors.New("unknown signing key")
	// ErrToken says that a token is not a compact JWS with one signature of an accepted algorithm that verifies.
	ErrToken = errors.New("token does not verify")
	// ErrNoKey says that no key can sign with that algorithm.
	ErrNoKey = errors.New("no signing key for this algorithm")
	// ErrLastKey says that a key cannot be retired because no other key can sign with its algorithm: rotate it first.
	ErrLastKey = errors.New("the only signing key of its algorithm")
)

// Config is what a Ring needs.
type Config struct {
	Store *storage.Store // required
	Audit *audit.Log     // required
	// RSABits is the size of new RSA keys, 2048 to 4096. Default 2048.
	RSABits int
	// Announcement is how long a new key is published before it signs. Default 24 h.
	Announcement time.Duration
	// TokenLifetime is the longest lifetime of any signed token. A retired key stays published for that time. Default 1 h.
	TokenLifetime time.Duration
}

// Ring holds the signing keys. Its methods are safe for concurrent use. Call [Ring.Load] before any other method.
type Ring struct {
	cfg       Config
	reloading sync.Mutex
	current   atomic.Pointer[set]
	published atomic.Pointer[published]
}

// New returns a ring without keys, or an error that says which field of cfg is wrong.
func New(cfg Config) (*Ring, error) {
	if cfg.RSABits == 0 {
		cfg.RSABits = leastRSA
	}
	if cfg.Announcement == 0 {
		cfg.Announcement = 24 * time.Hour
	}
	if cfg.TokenLifetime == 0 {
		cfg.TokenLifetime = time.Hour
	}
	switch {
	case cfg.Store == nil, cfg.Audit == nil:
		return nil, errors.New("keys.New: no store or no audit log")
	case cfg.RSABits < leastRSA || cfg.RSABits > jose.MaxRSAModulusBits:
		return nil, fmt.Errorf("keys.New: RSA keys must have %d to %d bits", leastRSA, jose.MaxRSAModulusBits)
	case cfg.Announcement < 0 || cfg.TokenLifetime < 0:
		return nil, errors.New("keys.New: negative time")
	}
	r := &Ring{cfg: cfg}
	r.current.Store(new(set))
	return r, nil
}

// Load reads the keys from the database and makes a first key for every algorithm without keys. Replicas may load at the same time: all get the same
// keys.
func (r *Ring) Load(ctx context.Context, now time.Time) error {
	if err := r.reload(ctx); err != nil {
		return err
	}
	known := r.current.Load()
	missing := known.missing()
	if len(missing) == 0 {
		return nil
	}
	if err := r.makeFirst(ctx, known, missing, now); err != nil {
		return err
	}
	return r.reload(ctx)
}

// Run checks after every poll (1 s in service) whether the keys, or the keyset that decrypts them, were changed on any replica, and then reads them
// again, until ctx is done. It returns nil. While the database is unreachable, the keys in memory stay in use.
func (r *Ring) Run(ctx context.Context, poll time.Duration) error {
	loop.Every(ctx, poll, r.follow, func(err error) {
		slog.WarnContext(ctx, "changes of signing keys cannot be followed", "error", err)
	})
	return nil
}

func (r *Ring) follow(ctx context.Context) error {
	versions, err := r.cfg.Store.Versions(ctx)
	loaded := r.current.Load()
	if err != nil || versions[storage.VersionSigningKeys] == loaded.version && r.cfg.Store.Keyset().Primary() == loaded.keyset {
		return err
	}
	return r.reload(ctx)
}

// reload replaces the keys in memory by those of the database. It reads the version and the keyset's key first, so that the next check notices a
// change in between.
func (r *Ring) reload(ctx context.Context) error {
	r.reloading.Lock() // what is read last is stored last
	defer r.reloading.Unlock()
	versions, err := r.cfg.Store.Versions(ctx)
	if err != nil {
		return err
	}
	keyset := r.cfg.Store.Keyset().Primary()
	rows, err := r.cfg.Store.Keys.List(ctx)
	if err != nil {
		return err
	}
	loaded := newSet(versions[storage.VersionSigningKeys], rows, r.cfg.TokenLifetime)
	loaded.keyset = keyset
	r.current.Store(loaded)
	for _, k := range loaded.keys {
		if k.fault != nil {
			slog.ErrorContext(ctx, "a signing key is not used", "kid", k.ID, "algorithm", k.Algorithm, "error", k.fault)
		}
	}
	return nil
}

// Algorithms returns the algorithms (RFC 7518 section 3.1, RFC 8037) for which the ring has usable keys, the default one first.
func (r *Ring) Algorithms() []string {
	var usable []string
	loaded := r.current.Load()
	for _, alg := range algorithms {
		if slices.ContainsFunc(loaded.keys, func(k *key) bool { return k.fault == nil && k.Algorithm == string(alg) }) {
			usable = append(usable, string(alg))
		}
	}
	return usable
}

// Sign returns claims (a JSON object) as a compact JWS with the headers alg, kid and typ, signed with the current key of the algorithm. Errors:
// [ErrNoKey].
func (r *Ring) Sign(alg, typ string, claims []byte, now time.Time) (string, error) {
	k := r.current.Load().signer(alg, now)
	if k == nil {
		return "", fmt.Errorf("%w: %.20q", ErrNoKey, alg)
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jose.JSONWebKey{Key: k.private, KeyID: k.ID}},
		new(jose.SignerOptions).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return signed.CompactSerialize()
}
