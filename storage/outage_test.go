package storage_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// Whatever the network does, every request ends in time and reports either success or an outage, and within five seconds after the network
// works again, so do all connections.
func TestNetworkFails(t *testing.T) {
	for name, weather := range map[string]storagetest.Weather{
		"frozen": storagetest.Frozen, "black hole": storagetest.BlackHole, "cut": storagetest.Cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storagetest.Postgres(t)
			u := storagetest.User(t, db.Open(t))
			proxy := storagetest.NewProxy(t, db)
			s := openSmall(t, db.Through(t, proxy))
			requireWhole(t, s) // fill the pool
			c := newCrowd(t, s, 16, func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) })
			c.requireGood(t, time.Minute)
			proxy.Set(weather)
			time.Sleep(requestTime / 2)
			proxy.Set(storagetest.Clear)
			c.requireGood(t, 5*time.Second)
			c.stop()
			c.workers.Wait()
			requireWhole(t, s)
			require.Zero(t, proxy.Cancels())
		})
	}
}

// A firewall that has forgotten connections drops their answers, while new connections can be made.
func TestIdleConnectionsAreForgotten(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	u := storagetest.User(t, db.Open(t))
	proxy := storagetest.NewProxy(t, db)
	s := openSmall(t, db.Through(t, proxy))
	requireWhole(t, s)
	time.Sleep(300 * time.Millisecond) // after that, a connection must show a sign of life
	proxy.Forget()
	start := time.Now()
	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, now), "a statement that was not sent is sent on another connection")
	require.Less(t, time.Since(start), 5*time.Second)
	start = time.Now()
	requireWhole(t, s)
	require.Less(t, time.Since(start), time.Second, "one dead connection makes the others suspect")
}

// A connection that the server has closed is replaced, and no other.
func TestEndedConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	u := storagetest.User(t, db.Open(t))
	s, raw := openSmall(t, db.With(t, "application_name", "replaced")), db.SQL(t)
	processes := func() (found []int64) {
		requireWhole(t, s)
		rows, err := raw.Query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'replaced' ORDER BY pid`)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var pid int64
			require.NoError(t, rows.Scan(&pid))
			found = append(found, pid)
		}
		require.NoError(t, rows.Err())
		return found
	}
	before := processes()
	_, err := raw.Exec(`SELECT pg_terminate_backend($1)`, before[0])
	require.NoError(t, err)
	time.Sleep(300 * time.Millisecond) // after that, a connection must show a sign of life
	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, now))
	require.Subset(t, processes(), before[1:])
}

// A statement whose connection a firewall forgets ends with its request, although the server is alive.
func TestStatementEndsByItsDeadline(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	u := storagetest.User(t, db.Open(t))
	proxy := storagetest.NewProxy(t, db)
	s := openSmall(t, db.Through(t, proxy))
	for name, statement := range map[string]func(context.Context) error{
		"statement": func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) },
		"query": func(ctx context.Context) error {
			_, err := s.Users.ByID(ctx, u.ID)
			return err
		},
		"transaction": func(ctx context.Context) error { return s.InTx(ctx, func(context.Context) error { return nil }) },
		"ping":        s.Ping,
	} {
		require.NoError(t, s.Ping(t.Context()), name)
		proxy.Forget()
		limited, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		start := time.Now()
		require.ErrorIs(t, statement(limited), storage.ErrUnavailable, name)
		cancel()
		require.InDelta(t, 3, time.Since(start).Seconds(), 0.9, name)
		require.NoError(t, statement(t.Context()), name)
	}
	require.Zero(t, proxy.Cancels(), "a commit is never cancelled")
}

// Loops and commands have no deadline.
func TestStatementWithoutALimitEnds(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	u := storagetest.User(t, db.Open(t))
	proxy := storagetest.NewProxy(t, db)
	s := openSmall(t, db.Through(t, proxy).With(t, "statement_timeout", "500ms"))
	requireWhole(t, s)
	proxy.Set(storagetest.Mute)
	start := time.Now()
	require.ErrorIs(t, s.Users.RaiseEpoch(t.Context(), u.ID, now), storage.ErrUnavailable)
	require.Less(t, time.Since(start), 10*time.Second, "it ends a while after the server's own limit")
	start = time.Now()
	_, err := storage.Open(t.Context(), storage.Config{URL: db.Through(t, proxy).URL, Keyset: db.Keyset})
	require.ErrorIs(t, err, storage.ErrUnavailable)
	require.Less(t, time.Since(start), 8*time.Second, "connecting ends even earlier")
}

// The same over TLS, where data of TLS itself must not be taken for an answer.
func TestNetworkFailsBelowTLS(t *testing.T) {
	t.Parallel()
	db := storagetest.PostgresTLS(t)
	u := storagetest.User(t, db.Open(t))
	proxy := storagetest.NewProxy(t, db)
	s := openSmall(t, db.Through(t, proxy))
	for _, fail := range []func(){proxy.Forget, func() { proxy.Set(storagetest.Frozen) }, func() { proxy.Set(storagetest.BlackHole) }, func() { proxy.Set(storagetest.Cut) }} {
		requireWhole(t, s)
		fail()
		limited, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		start := time.Now()
		require.ErrorIs(t, s.InTx(limited, func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) }), storage.ErrUnavailable)
		cancel()
		require.Less(t, time.Since(start), 2*time.Second+requestMargin)
		proxy.Set(storagetest.Clear)
		start = time.Now()
		require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, now))
		requireWhole(t, s)
		require.Less(t, time.Since(start), 5*time.Second)
	}
	require.Zero(t, proxy.Cancels())
}

// Statements wait for the slow answer of a living server.
func TestSlowServerIsWaitedFor(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	other := db.Open(t) // migrate
	s, u := openSmall(t, db), storagetest.User(t, other)
	require.NoError(t, other.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, other.Users.RaiseEpoch(ctx, u.ID, now))
		waiting := make(chan error, 1)
		go func() { waiting <- s.Users.RaiseEpoch(t.Context(), u.ID, now) }()
		time.Sleep(5 * time.Second)
		t.Cleanup(func() { require.NoError(t, <-waiting) })
		return nil
	}))
}

// The first of two hosts dies, and comes back after the second has died.
func TestHostsSwitchOver(t *testing.T) {
	for name, weather := range map[string]storagetest.Weather{
		"frozen": storagetest.Frozen, "black hole": storagetest.BlackHole, "cut": storagetest.Cut,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := storagetest.Postgres(t)
			u := storagetest.User(t, db.Open(t))
			first, second := storagetest.NewProxy(t, db), storagetest.NewProxy(t, db)
			s := openSmall(t, db.Through(t, first, second))
			c := newCrowd(t, s, 16, func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) })
			c.requireGood(t, time.Minute)
			first.Set(weather)
			time.Sleep(100 * time.Millisecond) // data that is on its way arrives
			c.requireGood(t, 10*time.Second)
			start := time.Now()
			requireWhole(t, s)
			require.Less(t, time.Since(start), 5*time.Second, "the dead host is not tried first every time")
			first.Set(storagetest.Clear)
			second.Set(weather)
			time.Sleep(100 * time.Millisecond)
			c.requireGood(t, 10*time.Second)
		})
	}
}

// Each statement is executed once, and if its answer is lost, that is an outage, whether or not it is part of a transaction.
func TestLostAnswersAreNeverAskedForAgain(t *testing.T) {
	t.Parallel()
	db := storagetest.Postgres(t)
	direct := db.Open(t)
	proxy := storagetest.NewProxy(t, db)
	s := openSmall(t, db.Through(t, proxy))
	u := storagetest.User(t, direct)
	epoch := func() int64 {
		found, err := direct.Users.ByID(t.Context(), u.ID)
		require.NoError(t, err)
		return found.Epoch
	}
	for name, tc := range map[string]struct {
		run        func(context.Context) error
		statements int
		effects    map[int]int64 // how often the epoch was raised, by the number of the statement whose answer is lost
	}{
		"statement": {func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) }, 1, map[int]int64{1: 1}},
		"returning": {func(ctx context.Context) error {
			_, err := s.Grants.CountCodeFailure(ctx, "none")
			return ignoreNotFound(err)
		}, 1, map[int]int64{1: 0}},
		"transaction": {func(ctx context.Context) error {
			return s.InTx(ctx, func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) })
		}, 3, map[int]int64{1: 0, 2: 0, 3: 1}},
		"query": {func(ctx context.Context) error {
			_, err := s.Users.ByID(ctx, u.ID)
			return err
		}, 1, map[int]int64{1: 0}},
	} {
		for n := 1; n <= tc.statements; n++ {
			require.NoError(t, s.Ping(t.Context()))
			before := epoch()
			proxy.LoseAnswer(n)
			err := tc.run(t.Context())
			require.ErrorIs(t, err, storage.ErrUnavailable, "%s %d", name, n)
			require.NotErrorIs(t, err, driver.ErrBadConn, "%s %d: database/sql would run it again", name, n)
			require.False(t, proxy.Pending(), "%s %d", name, n)
			require.Equal(t, before+tc.effects[n], epoch(), "%s %d", name, n)
		}
	}
}

func ignoreNotFound(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}
