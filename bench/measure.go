package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// step makes one request, or one whole flow of requests, and checks the answers. Each step of a measurement runs in one goroutine
// at a time, so it may keep a connection or a refresh token.
type step func(ctx context.Context) error

// plan says how long a measurement takes.
type plan struct {
	warmup   time.Duration // how long the load runs before it counts
	duration time.Duration
}

// errExhausted says that a measurement cannot go on, for a reason that is not the server's.
var errExhausted = errors.New("the measurement cannot go on")

// afterError is the pause after an error, so that a server that refuses everything is not sent requests in a tight loop.
const afterError = 10 * time.Millisecond

// closedLoop repeats every step as fast as its answers come. The steps that finish within the plan's duration count: about as
// many are cut off at its end as had begun before it.
func closedLoop(ctx context.Context, steps []step, p plan) (sample, error) {
	begin := time.Now().Add(p.warmup)
	end := begin.Add(p.duration)
	group, ctx := errgroup.WithContext(ctx)
	samples := make([]sample, len(steps))
	for i, next := range steps {
		group.Go(func() error {
			for {
				start := time.Now()
				if ctx.Err() != nil || !start.Before(end) {
					return ctx.Err()
				}
				err := next(ctx)
				finish := time.Now()
				if errors.Is(err, errExhausted) {
					return err
				}
				if finish.After(begin) && !finish.After(end) {
					samples[i].add(finish.Sub(start), err)
				}
				if err != nil {
					time.Sleep(afterError)
				}
			}
		})
	}
	err := group.Wait()
	return merge(samples, p.duration), err
}

// drain is how long an open loop waits for late answers.
const drain = 5 * time.Second

// errNotAnswered says that a request was not even sent in time, because all steps were busy.
var errNotAnswered = errors.New("no free connection in time")

// openLoop starts a request every 1/rate seconds, whether or not earlier ones have been answered. If all steps are busy the
// request waits, and its latency counts from the moment at which it was due, so that a server that stalls cannot hide that by
// slowing down the load.
func openLoop(ctx context.Context, steps []step, rate int, p plan) (sample, error) {
	interval := time.Second / time.Duration(rate)
	total := int((p.warmup + p.duration) / interval)
	begin := time.Now()
	counted := begin.Add(p.warmup)
	end := begin.Add(p.warmup + p.duration + drain)
	arrivals := make(chan time.Time, total) // large enough that sending never waits
	group, ctx := errgroup.WithContext(ctx)
	samples := make([]sample, len(steps))
	group.Go(func() error {
		defer close(arrivals)
		for i := range total {
			intended := begin.Add(time.Duration(i) * interval)
			if err := sleepUntil(ctx, intended); err != nil {
				return err
			}
			arrivals <- intended
		}
		return nil
	})
	for i, next := range steps {
		group.Go(func() error {
			for intended := range arrivals {
				err := errNotAnswered
				if ctx.Err() == nil && time.Now().Before(end) {
					err = next(ctx)
				}
				if errors.Is(err, errExhausted) {
					return err
				}
				if !intended.Before(counted) {
					samples[i].add(time.Since(intended), err)
				}
			}
			return ctx.Err()
		})
	}
	err := group.Wait()
	return merge(samples, p.duration), err
}

func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for an arrival: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}
