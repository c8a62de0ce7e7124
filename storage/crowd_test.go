package storage_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// requestTime is how long the server lets a request take, and requestMargin how much longer it may take.
const (
	requestTime   = 15 * time.Second
	requestMargin = time.Second
)

// crowd keeps a store busy with requests until it is stopped.
type crowd struct {
	store   *storage.Store
	stop    context.CancelFunc
	workers sync.WaitGroup

	mu      sync.Mutex
	longest time.Duration
	good    time.Time // when a request last succeeded
	faults  []error   // results that are neither a success nor an outage
}

func newCrowd(t *testing.T, s *storage.Store, size int, request func(context.Context) error) *crowd {
	ctx, stop := context.WithCancel(t.Context())
	c := &crowd{store: s, stop: stop}
	for range size {
		c.workers.Go(func() {
			for ctx.Err() == nil {
				c.send(ctx, request)
			}
		})
	}
	t.Cleanup(func() {
		c.stop()
		c.workers.Wait()
		require.Empty(t, c.faults)
		require.Less(t, c.longest, requestTime+requestMargin)
	})
	return c
}

func (c *crowd) send(ctx context.Context, request func(context.Context) error) {
	start := time.Now()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTime)
	defer cancel()
	err := request(limited)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.longest = max(c.longest, time.Since(start))
	switch {
	case err == nil:
		c.good = time.Now()
	case !errors.Is(err, storage.ErrUnavailable):
		c.faults = append(c.faults, err)
	default:
		time.Sleep(10 * time.Millisecond) // people do not try again immediately
	}
}

// requireGood waits until a request succeeds that began after the call.
func (c *crowd) requireGood(t *testing.T, within time.Duration) {
	t.Helper()
	begin := time.Now()
	require.Eventually(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.good.After(begin)
	}, within, 10*time.Millisecond)
}

// requireWhole asserts that as many connections as the pool may have all work.
func requireWhole(t *testing.T, s *storage.Store) {
	t.Helper()
	var busy, done sync.WaitGroup
	size := s.Stats().MaxOpenConnections
	busy.Add(size)
	errs := make(chan error, size)
	for range size {
		done.Go(func() {
			here := sync.OnceFunc(busy.Done)
			errs <- s.InTx(t.Context(), func(ctx context.Context) error {
				_, err := s.Clock(ctx)
				here()
				busy.Wait() // all connections at once
				return err
			})
			here()
		})
	}
	done.Wait()
	for range size {
		require.NoError(t, <-errs)
	}
}

func openSmall(t *testing.T, db *storagetest.Database) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Config{URL: db.URL, Keyset: db.Keyset, MaxConns: 8})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return storagetest.Unlock(t, s)
}
