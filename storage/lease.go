package storage

import (
	"context"
	"errors"
	"strings"
	"time"
)

// leaseSkew is how far ahead another replica's clock may be for its leases to count.
const leaseSkew = time.Minute

// leaseGrace is how long [Lease.Release] tries, even if the caller's context is done.
const leaseGrace = 5 * time.Second

// Lease lets one replica at a time do a task. Each Lease that [Store.Lease] returns is a separate holder, which competes with all other
// holders for the same name, in this process and elsewhere.
type Lease struct {
	store        *Store
	name, holder string
	ttl          time.Duration
}

// Lease returns a lease for the task with that name, which it does not take yet. All holders for a task must use the same ttl, longer than
// the longest time between two calls of Take.
func (s *Store) Lease(name string, ttl time.Duration) *Lease {
	return &Lease{store: s, name: name, holder: NewID(), ttl: ttl}
}

// Take takes or prolongs the lease until now plus its ttl, and reports whether l holds it. The holder must finish within the ttl or call
// Take again. A lease that ends impossibly late was taken by a replica whose clock is fast, and does not count.
func (l *Lease) Take(ctx context.Context, now time.Time) (bool, error) {
	changed, err := l.store.exec(ctx, `
		INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.holder = excluded.holder OR leases.expires_at <= ? OR leases.expires_at > ?`,
		l.name, l.holder, At(now.Add(l.ttl)), At(now), At(now.Add(l.ttl+leaseSkew)))
	return changed == 1, err
}

// Release gives the lease back if l holds it, so that no other replica has to wait until it expires. It does so even if ctx is done.
func (l *Lease) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseGrace)
	defer cancel()
	_, err := l.store.exec(ctx, `DELETE FROM leases WHERE name = ? AND holder = ?`, l.name, l.holder)
	return err
}

// Hold takes the lease, calls work and gives the lease back. It does nothing if another holder has the lease.
func (l *Lease) Hold(ctx context.Context, now time.Time, work func(context.Context) error) error {
	mine, err := l.Take(ctx, now)
	if err != nil || !mine {
		return err
	}
	return errors.Join(work(ctx), l.Release(ctx))
}

// writeCheck is the lease whose row CheckWrite writes.
const writeCheck = "write check"

// errUndo rolls back a transaction that is to leave nothing behind.
var errUndo = errors.New("undo")

// CheckWrite returns an error if nothing can be written, as when the server is read-only or the disk is full.
func (s *Store) CheckWrite(ctx context.Context, now time.Time) error {
	const write = `INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at`
	if _, err := s.exec(ctx, write, writeCheck, "", At(now)); err != nil || !s.dialect.singleWriter {
		return err
	}
	// A row of an SQLite file that cannot grow can still be changed in place.
	err := s.inTx(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, write, writeCheck, strings.Repeat("x", checkedGrowth), At(now)); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}

// checkedGrowth is by how many bytes an SQLite file must be able to grow: a few pages.
const checkedGrowth = 16 << 10
