package loop_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/loop"
)

func TestWorkIsDoneAtOnceAndAtEachInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, calls := time.Now(), []time.Duration{}
		ctx, stop := context.WithTimeout(t.Context(), 25*time.Second)
		defer stop()
		loop.Every(ctx, 10*time.Second, func(context.Context) error {
			calls = append(calls, time.Since(start))
			return nil
		}, nil)
		require.Equal(t, []time.Duration{0, 10 * time.Second, 20 * time.Second}, calls)
		require.Equal(t, 25*time.Second, time.Since(start))
	})
}

func TestWorkThatTakesLongerThanTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, calls := time.Now(), []time.Duration{}
		ctx, stop := context.WithTimeout(t.Context(), 51*time.Second)
		defer stop()
		loop.Every(ctx, 10*time.Second, func(context.Context) error {
			calls = append(calls, time.Since(start))
			if len(calls) == 1 {
				time.Sleep(35 * time.Second)
			}
			return nil
		}, nil)
		require.Equal(t, []time.Duration{0, 35 * time.Second, 40 * time.Second, 50 * time.Second}, calls, "one of three missed calls is made up for")
	})
}

func TestTheFirstOfFailuresInARowIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down, full := errors.New("down"), errors.New("full")
		results := []error{nil, down, down, full, nil, full, nil, nil, down}
		var reported []error
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		call := 0
		loop.Every(ctx, time.Second, func(context.Context) error {
			call++
			if call == len(results)+1 {
				stop()
				return nil
			}
			return results[call-1]
		}, func(err error) { reported = append(reported, err) })
		require.Equal(t, []error{down, full, down}, reported)
	})
}

func TestFailuresAtTheEndAreNotReported(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	loop.Every(ctx, time.Second, func(ctx context.Context) error {
		stop()
		return ctx.Err()
	}, func(err error) { t.Errorf("reported: %v", err) })
}

func TestTheCallInProgressIsTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, calls, finished := time.Now(), 0, false
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		loop.Every(ctx, time.Second, func(context.Context) error {
			calls++
			time.Sleep(10 * time.Second) // the next tick is waiting already
			finished = true
			return nil
		}, nil)
		require.Equal(t, 1, calls)
		require.True(t, finished)
		require.Equal(t, 10*time.Second, time.Since(start))
	})
}

func TestNothingIsDoneAfterTheEnd(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	loop.Every(ctx, time.Hour, func(context.Context) error {
		t.Error("called")
		return nil
	}, nil)
}
