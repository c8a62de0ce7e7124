package storage

import (
	"context"
	"log/slog"
	"time"

	"github.com/postern-id/postern/storage/loop"
)

const (
	sweepTime  = time.Minute
	sweepLease = 5 * time.Minute
	sweepBatch = 500
)

// RunSweep sweeps once a minute, on one replica at a time, until ctx is done. The first sweep is after a minute. RunSweep logs failures and
// always returns nil.
func (s *Store) RunSweep(ctx context.Context, log *slog.Logger) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(sweepTime):
	}
	lease := s.Lease("sweep", sweepLease)
	loop.Every(ctx, sweepTime, func(ctx context.Context) error {
		now := time.Now()
		mine, err := lease.Take(ctx, now)
		if err == nil && mine {
			_, err = s.Sweep(ctx, now, sweepBatch)
		}
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "sweep", "cause", err) // logged every time: once a minute
		}
		return nil
	}, nil)
	return nil
}
