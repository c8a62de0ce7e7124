package storagetest

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var upkeepBehaviours = []behaviour{
	{"sweeping deletes what has expired and nothing else", sweepingDeletesWhatIsOver},
	{"the loop sweeps once a minute", loopSweeps},
	{"sweeping keeps blocked keys", sweepingKeepsBlockedKeys},
	{"a lease has one holder until it ends", leasesHaveOneHolder},
	{"a lease is held for a piece of work", leasesAreHeldForWork},
	{"sessions of the database have all limits", sessionsHaveLimits},
	{"checking whether writes succeed leaves one row", writingIsChecked},
}

func rowCounts(t *testing.T, raw *sql.DB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{
		"users", "sessions", "flows", "grants", "revoked_tokens", "client_assertions", "tickets", "enrolments", "code_sheets", "throttle", "outbox",
		"audit_events",
	} {
		var n int
		require.NoError(t, raw.QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
		counts[table] = n
	}
	return counts
}

func sweepingDeletesWhatIsOver(t *testing.T, db *Database) {
	s, raw := db.Open(t), db.SQL(t)
	c := Client(t, s)
	for range 5 {
		u := User(t, s)
		SignIn(t, s, u)     // is idle after an hour and expires after a day
		HalfSignIn(t, s, u) // expires after five minutes
		Grant(t, s, u, c)   // expires after an hour
		require.NoError(t, s.Flows.Add(t.Context(), newFlow(c)))
		require.NoError(t, s.Grants.RevokeAccessToken(t.Context(), storage.NewID(), Now.Add(10*time.Minute)))
		require.NoError(t, s.JTIs.SpendAssertion(t.Context(), c.ID, storage.NewID(), Now.Add(9*time.Minute))) // is kept for another minute
		require.NoError(t, s.Links.Add(t.Context(), newLink(u)))
		_, err := s.Enrolments.Start(t.Context(), newEnrolment(u), Now)
		require.NoError(t, err)
		_, err = s.RecoveryCodes.StartSheet(t.Context(), newCodeSheet(u), Now)
		require.NoError(t, err)
		count(t, s, Now, storage.Budget{Key: u.ID, Tries: 5, Forget: time.Hour})
		require.NoError(t, s.Outbox.Add(t.Context(), storage.Mail{ID: storage.NewID(), CreatedAt: Now}))
		require.NoError(t, s.Events.Add(t.Context(), eventBody("x", u.ID, 0)))
	}
	sweep := func(now time.Time) int64 {
		deleted, err := s.Sweep(t.Context(), now, 2)
		require.NoError(t, err)
		return deleted
	}
	require.Zero(t, sweep(Now))
	require.Zero(t, sweep(Now.Add(5*time.Minute-time.Microsecond)))
	require.Equal(t, int64(5), sweep(Now.Add(5*time.Minute)))
	require.Equal(t, map[string]int{
		"users": 5, "sessions": 5, "flows": 5, "grants": 5, "revoked_tokens": 5, "client_assertions": 5, "tickets": 5, "enrolments": 5,
		"code_sheets": 5, "throttle": 5, "outbox": 5, "audit_events": 5,
	}, rowCounts(t, raw))
	require.Zero(t, sweep(Now.Add(10*time.Minute-time.Microsecond)))
	require.Equal(t, int64(25), sweep(Now.Add(10*time.Minute)))
	require.Equal(t, int64(15), sweep(Now.Add(time.Hour)))
	require.Equal(t, map[string]int{
		"users": 5, "sessions": 0, "flows": 0, "grants": 0, "revoked_tokens": 0, "client_assertions": 0, "tickets": 5, "enrolments": 0,
		"code_sheets": 0, "throttle": 0, "outbox": 5, "audit_events": 5,
	}, rowCounts(t, raw))
	require.Equal(t, int64(5), sweep(Now.Add(72*time.Hour)))
	require.Zero(t, sweep(Now.Add(7*24*time.Hour-time.Microsecond)))
	require.Equal(t, int64(5), sweep(Now.Add(7*24*time.Hour)))
	require.Zero(t, sweep(Now.Add(10*365*24*time.Hour)), "users and audit entries stay")
}

func loopSweeps(t *testing.T, db *Database) {
	synctest.Test(t, func(t *testing.T) {
		stores := []*storage.Store{db.Open(t), db.Open(t)}
		require.NoError(t, stores[0].Grants.RevokeAccessToken(t.Context(), "token", time.Now().Add(90*time.Second)))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, len(stores))
		for _, s := range stores {
			go func() { ended <- s.RunSweep(ctx, slog.New(slog.DiscardHandler)) }()
		}
		for minutes, revoked := range []bool{true, true, false} {
			found, err := stores[0].Grants.AccessTokenRevoked(t.Context(), "token")
			require.NoError(t, err)
			require.Equal(t, revoked, found, "after %d minutes", minutes)
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		stop()
		for range stores {
			require.NoError(t, <-ended)
		}
	})
}

func sweepingKeepsBlockedKeys(t *testing.T, db *Database) {
	s := db.Open(t)
	b := storage.Budget{Key: "k", Tries: 1, Forget: time.Second}
	count(t, s, Now, b)
	deleted, err := s.Sweep(t.Context(), Now.Add(59*time.Second), 10)
	require.NoError(t, err)
	require.Zero(t, deleted)
	_, allowed := count(t, s, Now.Add(59*time.Second), b)
	require.False(t, allowed)
	deleted, err = s.Sweep(t.Context(), Now.Add(time.Minute), 10)
	require.NoError(t, err)
	require.Equal(t, int64(1), deleted)
}

func writingIsChecked(t *testing.T, db *Database) {
	s, other := db.Open(t), db.Open(t)
	for range 3 {
		require.NoError(t, s.CheckWrite(t.Context(), Now))
		require.NoError(t, other.CheckWrite(t.Context(), Now))
	}
	var rows, length int
	require.NoError(t, db.SQL(t).QueryRow(`SELECT count(*), coalesce(max(length(holder)), 0) FROM leases`).Scan(&rows, &length))
	require.Equal(t, 1, rows)
	require.Zero(t, length)
}

func sessionsHaveLimits(t *testing.T, db *Database) {
	unset, err := db.Open(t).UnsetLimits(t.Context())
	require.NoError(t, err)
	require.Empty(t, unset)
}

func leasesHaveOneHolder(t *testing.T, db *Database) {
	a, b := db.Open(t).Lease("task", time.Minute), db.Open(t).Lease("task", time.Minute)
	take := func(l *storage.Lease, now time.Time) bool {
		held, err := l.Take(t.Context(), now)
		require.NoError(t, err)
		return held
	}
	require.True(t, take(a, Now))
	require.False(t, take(b, Now))
	require.True(t, take(a, Now.Add(30*time.Second)), "prolonged")
	require.False(t, take(b, Now.Add(90*time.Second-time.Microsecond)))
	require.True(t, take(b, Now.Add(90*time.Second)))
	require.False(t, take(a, Now.Add(91*time.Second)))

	require.True(t, take(a, Now.AddDate(1, 0, 0)), "the lease was taken by a fast clock")
	require.True(t, take(b, Now.Add(92*time.Second)))
	require.False(t, take(a, Now.Add(32*time.Second)), "by a clock that is a minute slow")

	require.NoError(t, a.Release(t.Context()))
	require.False(t, take(a, Now.Add(91*time.Second)), "only the holder can end it")
	ended, end := context.WithCancel(t.Context())
	end()
	require.NoError(t, b.Release(ended))
	require.True(t, take(a, Now.Add(91*time.Second)))
	require.True(t, take(db.Open(t).Lease("another task", time.Minute), Now))
}

func leasesAreHeldForWork(t *testing.T, db *Database) {
	a, b := db.Open(t).Lease("task", time.Minute), db.Open(t).Lease("task", time.Minute)
	calls := 0
	work := func(context.Context) error {
		calls++
		return nil
	}
	fault := errors.New("the work failed")
	require.ErrorIs(t, a.Hold(t.Context(), Now, func(ctx context.Context) error {
		require.NoError(t, b.Hold(ctx, Now, work))
		require.Zero(t, calls, "two holders did the work at once")
		return fault
	}), fault)
	require.NoError(t, b.Hold(t.Context(), Now, work), "the lease was given back although the work failed")
	require.Equal(t, 1, calls)
}
