// Package loop repeats background work for as long as the server runs.
//
// The caller decides what the work is and which replica does it. For work that one replica does at a time, see storage.Lease.
package loop

import (
	"context"
	"time"
)

// Every calls work at once and then at each interval, never concurrently, until ctx is done. If a call takes longer than the interval, the
// next one follows immediately, and further missed calls are dropped.
//
// Work that fails is tried again at the next interval. Of consecutive failures only the first is passed to failed, which logs it, so that
// an outage does not fill the log. A failure is not reported once ctx is done, since that may be its cause. If work never returns an error,
// failed may be nil.
//
// When ctx is done, Every lets the call in progress finish, begins no other, and returns.
func Every(ctx context.Context, interval time.Duration, work func(context.Context) error, failed func(error)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	failing := false
	for ctx.Err() == nil {
		err := work(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			failed(err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}
