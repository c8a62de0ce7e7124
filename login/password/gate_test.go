package password

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// occupy starts callers whose work lasts until the returned function is
// called, and returns when each of them works or waits.
func occupy(g *gate, callers int) (finish func()) {
	release := make(chan struct{})
	for range callers {
		go func() { _ = g.do(context.Background(), 1, func() { <-release }) }()
	}
	synctest.Wait()
	return func() {
		close(release)
		synctest.Wait()
	}
}

func TestNeverMoreAtOnceThanPlaces(t *testing.T) {
	for _, weight := range []int64{1, 2, 3, 100} {
		synctest.Test(t, func(t *testing.T) {
			const places, callers = 3, 40
			g := newGate(places, callers, time.Hour)
			var mu sync.Mutex
			var running, highest, finished, failed int64
			count := func(number *int64, by int64) {
				mu.Lock()
				defer mu.Unlock()
				*number += by
				highest = max(highest, running)
			}
			for range callers {
				go func() {
					err := g.do(t.Context(), weight, func() {
						count(&running, 1)
						time.Sleep(time.Second)
						count(&running, -1)
						count(&finished, 1)
					})
					if err != nil {
						count(&failed, 1)
					}
				}()
			}
			time.Sleep(time.Hour / 2)
			synctest.Wait()
			require.Equal(t, max(1, places/min(weight, places)), highest)
			require.Equal(t, int64(callers), finished)
			require.Zero(t, failed)
		})
	}
}

func TestFullQueueIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2, 3, time.Hour)
		finish := occupy(g, 2+3)

		worked := false
		err := g.do(t.Context(), 1, func() { worked = true })
		require.ErrorIs(t, err, ErrBusy)
		require.False(t, worked)

		finish()
		require.NoError(t, g.do(t.Context(), 1, func() { worked = true }), "free again")
		require.True(t, worked)
	})
}

func TestLongWaitIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 3, time.Second)
		finish := occupy(g, 1)
		require.ErrorIs(t, g.do(t.Context(), 1, func() {}), ErrBusy)
		finish()
		require.NoError(t, g.do(t.Context(), 1, func() {}))
	})
}

func TestCancelledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 3, time.Hour)
		finish := occupy(g, 1)
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error, 1)
		go func() { answer <- g.do(ctx, 1, func() {}) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-answer, context.Canceled)
		finish()
		require.Zero(t, g.waiting.Load())
		require.NoError(t, g.do(t.Context(), 1, func() {}))
	})
}

func TestBusyHasher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, err := New(Config{Memory: 8, Time: 1, Concurrency: 1, Queue: 1})
		require.NoError(t, err)
		encoded, err := h.Hash(t.Context(), "a horse with no name")
		require.NoError(t, err)

		finish := occupy(h.gate, 2)
		_, err = h.Hash(t.Context(), "a horse with no name")
		require.ErrorIs(t, err, ErrBusy)
		ok, _, err := h.Verify(t.Context(), "a horse with no name", encoded)
		require.ErrorIs(t, err, ErrBusy)
		require.False(t, ok)
		require.ErrorIs(t, h.VerifyNobody(t.Context(), "a horse with no name"), ErrBusy)
		finish()
	})
}

// A foreign hash takes as many places as own hashes fit into its memory.
func TestWeight(t *testing.T) {
	h, err := New(Config{})
	require.NoError(t, err)
	salt, tag := strings.Repeat("A", 22), strings.Repeat("A", 43)
	for encoded, want := range map[string]int64{
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + tag:  1,
		"$argon2id$v=19$m=19457,t=2,p=1$" + salt + "$" + tag:  2,
		"$argon2id$v=19$m=262144,t=1,p=1$" + salt + "$" + tag: 14,
		"$scrypt$ln=14,r=8,p=1$" + salt + "$" + tag:           1,
		"$scrypt$ln=17,r=8,p=1$" + salt + "$" + tag:           7,
		"$2b$12$" + strings.Repeat("A", 53):                   1,
		"$pbkdf2-sha256$600000$" + salt + "$" + tag:           1,
	} {
		hash, err := parseHash(encoded)
		require.NoError(t, err, encoded)
		require.Equal(t, want, h.weight(hash), encoded)
	}
}
