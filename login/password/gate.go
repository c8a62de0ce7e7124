package password

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// ErrBusy: too many hashes are being computed or waited for, so the password was not hashed. The caller answers 503 with Retry-After.
var ErrBusy = errors.New("password: too many hashes at once")

// gate bounds how many hashes run at once, how many callers wait, and how long each of them waits.
type gate struct {
	places  int64
	running *semaphore.Weighted
	queue   int64
	waiting atomic.Int64
	wait    time.Duration
}

func newGate(places, queue int, wait time.Duration) *gate {
	return &gate{
		places:  int64(places),
		running: semaphore.NewWeighted(int64(places)),
		queue:   int64(queue),
		wait:    wait,
	}
}

// do runs work when weight places (all of them, if there are fewer) are free.
// It returns ErrBusy without running it if the queue is full or the wait too
// long, and the error of ctx if that is done first.
func (g *gate) do(ctx context.Context, weight int64, work func()) error {
	weight = min(weight, g.places)
	if err := g.enter(ctx, weight); err != nil {
		return err
	}
	defer g.running.Release(weight)
	work()
	return nil
}

func (g *gate) enter(ctx context.Context, weight int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if g.running.TryAcquire(weight) {
		return nil
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return ErrBusy
	}
	waitCtx, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	if g.running.Acquire(waitCtx, weight) == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrBusy
}
