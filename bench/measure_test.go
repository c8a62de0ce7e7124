package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func taking(latency time.Duration) step {
	return func(context.Context) error {
		time.Sleep(latency)
		return nil
	}
}

func TestClosedLoopCountsWhatFinishesWithinItsDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := closedLoop(t.Context(), []step{taking(10 * time.Millisecond), taking(20 * time.Millisecond)},
			plan{warmup: time.Second, duration: 2 * time.Second})
		require.NoError(t, err)
		require.Len(t, s.latencies, 200+100)
		require.InDelta(t, 150, s.perSecond(), 0.001)
		require.Equal(t, 10*time.Millisecond, s.percentile(50))
		require.Equal(t, 20*time.Millisecond, s.percentile(95))
		require.Zero(t, s.errors)
	})
}

func TestClosedLoopKeepsWrongAnswersOutOfTheRate(t *testing.T) {
	refused := errors.New("refused")
	synctest.Test(t, func(t *testing.T) {
		n := 0
		every2nd := func(context.Context) error {
			time.Sleep(10 * time.Millisecond)
			if n++; n%2 == 0 {
				return refused
			}
			return nil
		}
		s, err := closedLoop(t.Context(), []step{every2nd}, plan{duration: 3 * time.Second})
		require.NoError(t, err)
		// A pair takes 10 ms, 10 ms and the wait after the error.
		require.Len(t, s.latencies, 100)
		require.Equal(t, 100, s.errors)
		require.Equal(t, refused, s.firstError)
	})
}

func TestLoopsStopWhenTheyCannotGoOn(t *testing.T) {
	exhausted := func(context.Context) error { return errExhausted }
	_, err := closedLoop(t.Context(), []step{exhausted}, plan{duration: time.Hour})
	require.ErrorIs(t, err, errExhausted)
	_, err = openLoop(t.Context(), []step{exhausted}, 1000, plan{duration: time.Hour})
	require.ErrorIs(t, err, errExhausted)
}

func TestLoopsStopWithTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := closedLoop(ctx, []step{taking(time.Millisecond)}, plan{duration: time.Hour})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = openLoop(ctx, []step{taking(time.Millisecond)}, 10, plan{duration: time.Hour})
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestOpenLoopKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := openLoop(t.Context(), []step{taking(5 * time.Millisecond)}, 100, plan{warmup: time.Second, duration: 2 * time.Second})
		require.NoError(t, err)
		require.Len(t, s.latencies, 200)
		require.Equal(t, 5*time.Millisecond, s.percentile(50))
		require.Equal(t, 5*time.Millisecond, s.percentile(100))
	})
}

// A stall of 100 ms delays the requests that are due meanwhile. A loop that measured from the moment of sending would see one
// slow request and nine fast ones.
func TestOpenLoopMeasuresFromTheIntendedStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		stallOnce := func(context.Context) error {
			if n++; n == 1 {
				time.Sleep(100 * time.Millisecond)
			}
			return nil
		}
		s, err := openLoop(t.Context(), []step{stallOnce}, 100, plan{duration: 200 * time.Millisecond})
		require.NoError(t, err)
		require.Len(t, s.latencies, 20)
		// The latency is 0 for the ten on time and the one due at the end of the stall, then 10, 20 … 100 ms.
		require.Equal(t, time.Duration(0), s.percentile(50))
		require.Equal(t, 50*time.Millisecond, s.percentile(75))
		require.Equal(t, 90*time.Millisecond, s.percentile(95))
		require.Equal(t, 100*time.Millisecond, s.percentile(100))
	})
}

func TestOpenLoopCountsWhatIsNeverAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := openLoop(t.Context(), []step{taking(4 * time.Second)}, 10, plan{duration: time.Second})
		require.NoError(t, err)
		// Two begin at 0 s and 4 s. At 8 s it is too late for the other eight.
		require.Len(t, s.latencies, 2)
		require.Equal(t, 8, s.errors)
		require.Equal(t, errNotAnswered, s.firstError)
	})
}
