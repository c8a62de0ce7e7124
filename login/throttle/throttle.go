package throttle

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/postern-id/postern/storage"
)

// Config says after how many failures the next attempt has to wait. Zero fields have their defaults.
type Config struct {
	PasswordTries int // wrong passwords of one subject; default 10
	AddressTries  int // wrong passwords from one client IP; default 100
	CodeTries     int // wrong codes of one subject, recovery codes counted apart; default 5
	// CodeCloseAfter wrong codes in a row close the factor until [Guard.Reopen]; default 100 (NIST SP 800-63B-4 section 3.2.2).
	CodeCloseAfter int
}

// How long failures are remembered after the last one. Wrong codes are not forgotten: only a success resets their count.
const (
	forgetPasswords = 24 * time.Hour
	forgetAddresses = time.Hour
)

// WaitError refuses an attempt, right or wrong, because earlier ones failed.
type WaitError struct {
	Until time.Time // from then on one more attempt is allowed
	key   string    // key of the counter that refuses
}

// Error says when the next attempt is allowed.
func (e *WaitError) Error() string {
	if e.Closed() {
		return "too many failures: closed"
	}
	return "too many failures: wait until " + e.Until.UTC().Format(time.RFC3339)
}

// Closed reports whether waiting does not help: only [Guard.Reopen] does.
func (e *WaitError) Closed() bool { return !e.Until.Before(storage.Never) }

// Subject stands for failures that are counted together.
type Subject struct {
	key   string
	known bool // it is a trusted browser
}

// User returns the subject of failures at a user's account in browsers that are not trusted.
func User(id string) Subject { return Subject{key: "user:" + id} }

// Browser returns the subject of failures in the trusted browser with an id.
func Browser(id string) Subject { return Subject{key: "device:" + id, known: true} }

// Guard counts attempts. Its methods may be called from many goroutines at once.
type Guard struct {
	store      *storage.Store
	cfg        Config
	unrecorded tally
}

// New returns a Guard or an error that names the field out of range.
func New(store *storage.Store, cfg Config) (*Guard, error) {
	if store == nil {
		return nil, errors.New("throttle.New: store is required")
	}
	cfg.PasswordTries = orDefault(cfg.PasswordTries, 10)
	cfg.AddressTries = orDefault(cfg.AddressTries, 100)
	cfg.CodeTries = orDefault(cfg.CodeTries, 5)
	cfg.CodeCloseAfter = orDefault(cfg.CodeCloseAfter, 100)
	if min(cfg.PasswordTries, cfg.AddressTries, cfg.CodeTries) < 1 || cfg.CodeCloseAfter < cfg.CodeTries {
		return nil, fmt.Errorf("throttle.New: tries must be 1 or more, and codes close after at least %d", cfg.CodeTries)
	}
	return &Guard{store: store, cfg: cfg}, nil
}

func orDefault(value, standard int) int {
	if value == 0 {
		return standard
	}
	return value
}

// CodeTries returns how many wrong codes there can be before a wait.
func (g *Guard) CodeTries() int { return g.cfg.CodeTries }

// Name returns the subject of failures at a name that no user has, in the canonical form of storage.CanonicalName. The database learns a
// keyed hash of it, because people type passwords into the wrong field.
func (g *Guard) Name(canonical string) Subject {
	return Subject{key: "name:" + hex.EncodeToString(g.store.MAC("throttle name", canonical))}
}

// addressKey returns the key of the counter of a client IP.
func (g *Guard) addressKey(address netip.Addr) string {
	return "address:" + hex.EncodeToString(g.store.MAC("throttle address", storage.ClientNetwork(address).String()))
}

// wait returns the [*WaitError] of the longest wait among keys. If none of them has a wait, the budget is reserved by attempts whose
// passwords are being checked.
func (g *Guard) wait(ctx context.Context, now time.Time, keys ...string) error {
	states, err := g.store.Attempts.States(ctx, keys...)
	if err != nil {
		return err
	}
	wait := WaitError{Until: now.Add(time.Second), key: keys[0]}
	for _, state := range states {
		until := state.BlockedUntil
		if !until.After(now) {
			until = state.PendingUntil
		}
		if until.After(wait.Until) {
			wait.Until, wait.key = until.Time, state.Key
		}
	}
	return &wait
}
