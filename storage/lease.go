package storage

import (
	"context"
	"errors"
	"strings"
	"time"
)

// leaseSkew is how far ahead another replica's clock may be without being wrong.
const leaseSkew = time.Minute

// Lease takes or prolongs the lease of a task until now plus ttl, and reports whether holder has it: one replica at a time
// does the task. The holder must finish within ttl or ask again. All who ask for a task have the same ttl; a lease that ends later than
// theirs can was taken by a clock that ran ahead, and does not count.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration, now time.Time) (bool, error) {
	changed, err := s.exec(ctx, `
		INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.holder = excluded.holder OR leases.expires_at <= ? OR leases.expires_at > ?`,
		name, holder, At(now.Add(ttl)), At(now), At(now.Add(ttl+leaseSkew)))
	return changed == 1, err
}

// EndLease gives a lease back if holder has it, so that another replica need not wait for its end.
func (s *Store) EndLease(ctx context.Context, name, holder string) error {
	_, err := s.exec(ctx, `DELETE FROM leases WHERE name = ? AND holder = ?`, name, holder)
	return err
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
	err := s.InTx(ctx, func(ctx context.Context) error {
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
