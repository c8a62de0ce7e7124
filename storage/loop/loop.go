// Package loop repeats the work that goes on beside the requests, for as long as the server runs.
//
// What the work is, and which replica does it, is up to the caller: see storage.Lease for work that one replica at a time may do.
package loop

import (
	"context"
	"time"
)

// Every calls work at once and then again at each interval, one call after another, until ctx is done. If a call takes longer than the
// interval, the next one follows at once, and those that were missed are left out.
//
// Work that fails is tried again at the next interval. Of failures in a row only the first is passed to failed, which logs it: an outage
// does not fill the log. A failure is not reported once ctx is done, since the end of ctx may be its cause. Work that never returns an error may come
// with a nil failed.
//
// When ctx ends, Every lets the call in progress finish, begins no other one and returns.
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
