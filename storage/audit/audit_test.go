package audit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

var (
	now     = storagetest.Now
	example = audit.Event{
		Name: audit.CodeRefused, Actor: audit.ActorUser, UserID: "u1", ClientID: "c1", Address: "203.0.113.77",
		Detail: map[string]string{"reason": "<wrong>", "authenticator": "a1"},
	}
)

// record records n entries, a second apart.
func record(t *testing.T, log *audit.Log, n int) {
	t.Helper()
	for i := range n {
		require.NoError(t, log.Record(t.Context(), example, now.Add(time.Duration(i)*time.Second)))
	}
}

func TestRecordJoinsTheTransaction(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		log := audit.New(s)
		refused := errors.New("refused")
		require.ErrorIs(t, s.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, log.Record(ctx, example, now))
			return refused
		}), refused)
		events, err := s.Events.List(t.Context(), storage.EventQuery{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, events)

		require.NoError(t, log.Record(t.Context(), example, now))
		events, err = s.Events.List(t.Context(), storage.EventQuery{UserID: "u1", Limit: 10})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, string(audit.CodeRefused), events[0].Name)
		require.Equal(t, storage.At(now), events[0].At)
		require.Regexp(t, `^\{"id":"[A-Z2-7]{26}","at":1772366400000000,"name":"one_time_code\.refused","user_id":"u1","client_id":"c1",`+
			`"actor":"user","address":"203\.0\.113\.0/24","detail":\{"authenticator":"a1","reason":"<wrong>"\},"mac":"[\w-]{43}"\}$`, events[0].Body)
	})
}

func TestRiderIsFiledWithItsStatement(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		s := open()
		log := audit.New(s)
		u := storagetest.User(t, s)
		hostile := audit.Event{
			Name: audit.PasswordAccepted, Actor: audit.ActorUser, UserID: u.ID,
			Detail: map[string]string{"browser": "a\x00b\xffc\u2028\"\\"},
		}
		require.NoError(t, s.Sessions.BeginSignIn(t.Context(), storage.HalfSignIn{
			TokenHash: storage.Hash("x"), User: u, CreatedAt: now, ExpiresAt: now.Add(time.Minute),
		}, log.Rider(hostile, now)))
		report, err := log.Verify(t.Context())
		require.NoError(t, err)
		require.Equal(t, audit.Report{Unchained: 1}, report)
	})
}

func TestChainsOfReplicasAreOne(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		logs := []*audit.Log{audit.New(open()), audit.New(open())}
		for i := range 20 {
			record(t, logs[i%2], 1)
			_, err := logs[(i/2)%2].Chain(t.Context())
			require.NoError(t, err)
		}
		for _, log := range logs {
			report, err := log.Verify(t.Context())
			require.NoError(t, err)
			require.Equal(t, audit.Report{Chained: 20}, report)
		}
		chained, err := logs[0].Chain(t.Context())
		require.NoError(t, err)
		require.Zero(t, chained)
	})
}

// Two replicas chain the same entries with 50 calls at once: each entry has one place in one chain, and is counted once.
func TestRaceOfChains(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, open func() *storage.Store) {
		logs := []*audit.Log{audit.New(open()), audit.New(open())}
		record(t, logs[0], 60)
		chained, faults := make([]int, 50), make([]error, 50)
		var group sync.WaitGroup
		for i := range chained {
			group.Go(func() { chained[i], faults[i] = logs[i%2].Chain(t.Context()) })
		}
		group.Wait()
		total := 0
		for i := range chained {
			require.NoError(t, faults[i])
			total += chained[i]
		}
		require.Equal(t, 60, total)
		report, err := logs[1].Verify(t.Context())
		require.NoError(t, err)
		require.Equal(t, audit.Report{Chained: 60}, report)
	})
}

func TestChainTakesManyEntriesInSteps(t *testing.T) {
	log := audit.New(storagetest.Open(t))
	record(t, log, 1100)
	for _, want := range []int{500, 500, 100, 0} {
		chained, err := log.Chain(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, chained)
	}
	report, err := log.Verify(t.Context())
	require.NoError(t, err)
	require.Equal(t, audit.Report{Chained: 1100}, report)
}

func TestRunChainsOnOneReplicaAndCounts(t *testing.T) {
	db := storagetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		first, second := audit.New(db.Open(t)), audit.New(db.Open(t))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		firstCtx, stopFirst := context.WithCancel(ctx)
		go func() { ended <- first.Run(firstCtx) }()
		synctest.Wait()
		go func() { ended <- second.Run(ctx) }()

		record(t, second, 3)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, 3.0, counted(t, first, audit.CodeRefused))
		require.Zero(t, counted(t, second, audit.CodeRefused))
		require.Zero(t, counted(t, first, audit.UserAdded))

		stopFirst()
		require.NoError(t, <-ended)
		record(t, first, 2)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, 2.0, counted(t, second, audit.CodeRefused), "the lease was given back")
		stop()
		require.NoError(t, <-ended)
		report, err := first.Verify(t.Context())
		require.NoError(t, err)
		require.Equal(t, audit.Report{Chained: 5}, report)
	})
}

func counted(t *testing.T, log *audit.Log, name audit.Name) float64 {
	t.Helper()
	problems, err := testutil.CollectAndLint(log)
	require.NoError(t, err)
	require.Empty(t, problems)
	require.Equal(t, len(audit.Names()), testutil.CollectAndCount(log), "there is a counter for every name from the start")
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(log))
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, metric := range families[0].Metric {
		if metric.Label[0].GetValue() == string(name) {
			return metric.Counter.GetValue()
		}
	}
	require.Fail(t, "no counter", name)
	return 0
}

func TestRecordFailsWithTheDatabase(t *testing.T) {
	db := storagetest.SQLite(t)
	db.Open(t)
	var faults storagetest.Faults
	s := db.Open(t, faults.Intercept)
	log := audit.New(s)
	faults.Fail(1, false, context.DeadlineExceeded)
	require.ErrorIs(t, log.Record(t.Context(), example, now), storage.ErrUnavailable)
	record(t, log, 1)
	for n := 1; ; n++ {
		faults.Fail(n, false, context.DeadlineExceeded)
		chained, err := log.Chain(t.Context())
		if faults.Pending() {
			require.NoError(t, err)
			require.Equal(t, 1, chained, "the entry is chained or not, never halfway")
			break
		}
		require.ErrorIs(t, err, storage.ErrUnavailable, fmt.Sprint(n))
	}
	faults.Fail(0, false, nil)
	report, err := log.Verify(t.Context())
	require.NoError(t, err)
	require.Equal(t, audit.Report{Chained: 1}, report)
}
