package storage

import (
	"context"
	"errors"
	"strings"
	"time"
)

// leaseSkew is how far ahead another replica's clock may be without being wrong.
const leaseSkew = time.Minute

// leaseGrace is how long [Lease.Release] tries, whatever has become of the caller's context.
const leaseGrace = 5 * time.Second

// Lease lets one replica at a time do a task. It is the holder's half: each call of [Store.Lease] makes another holder, which competes
// for the task with all others of that name, in this process and elsewhere.
type Lease struct {
	store        *Store
	name, holder string
	ttl          time.Duration
}

// Lease returns a lease of the task with that name, which is not taken yet. All holders of a task have the same ttl, which is longer than
// the longest step between two calls of Take.
func (s *Store) Lease(name string, ttl time.Duration) *Lease {
	return &Lease{store: s, name: name, holder: NewID(), ttl: ttl}
}

// Take takes or prolongs the lease until now plus its ttl, and reports whether l holds it. The holder must finish within the ttl or ask
// again. A lease that ends later than anybody's could was taken by a clock that ran ahead, and does not count.
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

// errUndo ends a transaction that shall leave nothing behind.
var errUndo = errors.New("undo")

// CheckWrite returns why nothing can be written: the server is read-only, the disk is full or the file system is.
func (s *Store) CheckWrite(ctx context.Context, now time.Time) error {
	const write = `INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at`
	if _, err := s.exec(ctx, write, writeCheck, "", At(now)); err != nil || !s.dialect.singleWriter {
		return err
	}
	// An SQLite file that may not grow still takes a change of a row in place.
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

// checkedGrowth is how much an SQLite file must be able to grow, in bytes: a few pages.
const checkedGrowth = 16 << 10
