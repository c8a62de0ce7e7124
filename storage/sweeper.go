package storage

import (
	"context"
	"log/slog"
	"time"
)

const (
	sweepTime  = time.Minute
	sweepLease = 5 * time.Minute
	sweepBatch = 500
)

// RunSweep sweeps once a minute, on one replica at a time, until ctx is done. It returns nil; failures are logged and tried again.
func (s *Store) RunSweep(ctx context.Context, log *slog.Logger) error {
	holder := NewID()
	ticker := time.NewTicker(sweepTime)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := time.Now()
		mine, err := s.Lease(ctx, "sweep", holder, sweepLease, now)
		if err == nil && mine {
			_, err = s.Sweep(ctx, now, sweepBatch)
		}
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "sweep", "cause", err)
		}
	}
}
