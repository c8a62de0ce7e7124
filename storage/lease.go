package storage

import (
	"context"
	"time"
)

// Lease takes or prolongs the lease of a task until now plus ttl, and reports whether holder has it: one replica at a time
// does the task. The holder must finish within ttl or ask again.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration, now time.Time) (bool, error) {
	changed, err := s.exec(ctx, `
		INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE leases.holder = excluded.holder OR leases.expires_at <= ?`, name, holder, At(now.Add(ttl)), At(now))
	return changed == 1, err
}

// EndLease gives a lease back if holder has it, so that another replica need not wait for its end.
func (s *Store) EndLease(ctx context.Context, name, holder string) error {
	_, err := s.exec(ctx, `DELETE FROM leases WHERE name = ? AND holder = ?`, name, holder)
	return err
}
