package storagetest

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var eventBehaviours = []behaviour{
	{"audit entries are filed and paged", eventsAreFiled},
	{"entries are chained in order", eventsAreChained},
	{"replicas that chain at once number each entry once", replicasChainAtOnce},
	{"a number is left out after a broken end", brokenEndLeavesAGap},
}

// eventBody returns an audit entry from n seconds after Now.
func eventBody(name, userID string, n int) string {
	return fmt.Sprintf(`{"id":%q,"at":%d,"name":%q,"user_id":%q}`,
		storage.NewID(), Now.Add(time.Duration(n)*time.Second).UnixMicro(), name, userID)
}

var testChain = storage.Chain{
	Link: func(previous []byte, seq int64, body string) []byte {
		sum := sha256.Sum256(fmt.Appendf(nil, "%x %d %s", previous, seq, body))
		return sum[:]
	},
	Seal: func(seq int64, last []byte) []byte {
		sum := sha256.Sum256(fmt.Appendf(nil, "seal %d %x", seq, last))
		return sum[:]
	},
}

func eventNames(events []storage.Event) []string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = e.Name
	}
	return names
}

func eventsAreFiled(t *testing.T, db *Database) {
	s := db.Open(t)
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		require.NoError(t, s.Events.Add(t.Context(), eventBody(name, []string{"u1", "u2", ""}[i%3], i)))
	}
	query := func(q storage.EventQuery) []storage.Event {
		events, err := s.Events.List(t.Context(), q)
		require.NoError(t, err)
		return events
	}
	all := query(storage.EventQuery{Limit: 10})
	require.Equal(t, []string{"e", "d", "c", "b", "a"}, eventNames(all))
	last := all[4]
	require.Equal(t, storage.At(Now), last.At)
	require.Equal(t, "u1", last.UserID)
	require.Zero(t, last.Seq)
	require.Contains(t, last.Body, last.ID)

	require.Equal(t, []string{"e", "d"}, eventNames(query(storage.EventQuery{Limit: 2})))
	require.Equal(t, []string{"c", "b"}, eventNames(query(storage.EventQuery{Limit: 2, Before: all[1].ID})))
	require.Equal(t, []string{"d", "a"}, eventNames(query(storage.EventQuery{Limit: 10, UserID: "u1"})))
	require.Equal(t, []string{"a"}, eventNames(query(storage.EventQuery{Limit: 10, UserID: "u1", Names: []string{"a", "b"}})))
	require.Equal(t, []string{"a"}, eventNames(query(storage.EventQuery{Limit: 10, UserID: "u1", Before: all[1].ID})))
	require.Equal(t, []string{"e", "d"}, eventNames(query(storage.EventQuery{Limit: 10, Since: Now.Add(3 * time.Second)})))
	require.Error(t, s.Events.Add(t.Context(), "no JSON"))
}

func eventsAreChained(t *testing.T, db *Database) {
	s := db.Open(t)
	_, err := s.Events.Head(t.Context())
	require.ErrorIs(t, err, storage.ErrNotFound)
	chained, broken, err := s.Events.Chain(t.Context(), 10, testChain)
	require.NoError(t, err)
	require.False(t, broken)
	require.Empty(t, chained)

	for i := range 5 {
		require.NoError(t, s.Events.Add(t.Context(), eventBody(fmt.Sprint(i), "", i)))
	}
	for _, want := range [][]string{{"0", "1"}, {"2", "3"}, {"4"}, {}} {
		chained, broken, err := s.Events.Chain(t.Context(), 2, testChain)
		require.NoError(t, err)
		require.False(t, broken)
		require.Equal(t, want, eventNames(chained))
	}
	events, err := s.Events.Chained(t.Context(), 0, 10)
	require.NoError(t, err)
	var previous []byte
	for i, e := range events {
		require.Equal(t, int64(i+1), e.Seq)
		require.Equal(t, testChain.Link(previous, e.Seq, e.Body), e.Link)
		previous = e.Link
	}
	events, err = s.Events.Chained(t.Context(), 2, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"2", "3"}, eventNames(events))
	head, err := s.Events.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, storage.EventHead{Seq: 5, Seal: testChain.Seal(5, previous)}, head)

	for i := range 3 {
		require.NoError(t, s.Events.Add(t.Context(), eventBody(fmt.Sprint(i), "", 0)))
	}
	first, err := s.Events.Unchained(t.Context(), storage.Event{}, 2)
	require.NoError(t, err)
	rest, err := s.Events.Unchained(t.Context(), first[1], 2)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"0", "1", "2"}, append(eventNames(first), eventNames(rest)...))
}

func replicasChainAtOnce(t *testing.T, db *Database) {
	stores := []*storage.Store{db.Open(t), db.Open(t)}
	const entries = 60
	for i := range entries {
		require.NoError(t, stores[0].Events.Add(t.Context(), eventBody(fmt.Sprint(i), "", i)))
	}
	counts, errs := make([]int, 2), make([]error, 2)
	var wg sync.WaitGroup
	for i, s := range stores {
		wg.Go(func() {
			for range entries / 5 {
				chained, broken, err := s.Events.Chain(t.Context(), 5, testChain)
				if err == nil && broken {
					err = errRefused
				}
				if errs[i] = err; err != nil {
					return
				}
				counts[i] += len(chained)
			}
		})
	}
	wg.Wait()
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])
	require.Equal(t, entries, counts[0]+counts[1])
	head, err := stores[0].Events.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(entries), head.Seq)
}

func brokenEndLeavesAGap(t *testing.T, db *Database) {
	for name, c := range map[string]struct {
		damage string
		next   int64
	}{
		"last entry removed": {`DELETE FROM audit_events WHERE seq = 3`, 5},
		"end set back":       {`UPDATE audit_head SET seq = 2`, 5},
		"end removed":        {`DELETE FROM audit_head`, 5},
		"cut and set back":   {`DELETE FROM audit_events WHERE seq = 3; UPDATE audit_head SET seq = 2, link = (SELECT link FROM audit_events WHERE seq = 2)`, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s, raw := db.Open(t), db.SQL(t)
			_, err := raw.Exec(`DELETE FROM audit_events; DELETE FROM audit_head`)
			require.NoError(t, err)
			for i := range 3 {
				require.NoError(t, s.Events.Add(t.Context(), eventBody(fmt.Sprint(i), "", i)))
			}
			_, _, err = s.Events.Chain(t.Context(), 10, testChain)
			require.NoError(t, err)
			_, err = raw.Exec(c.damage)
			require.NoError(t, err)

			require.NoError(t, s.Events.Add(t.Context(), eventBody("next", "", 9)))
			chained, broken, err := s.Events.Chain(t.Context(), 10, testChain)
			require.NoError(t, err)
			require.True(t, broken)
			require.Len(t, chained, 1)
			require.Equal(t, c.next, chained[0].Seq)

			require.NoError(t, s.Events.Add(t.Context(), eventBody("after", "", 10)))
			chained, broken, err = s.Events.Chain(t.Context(), 10, testChain)
			require.NoError(t, err)
			require.False(t, broken)
			require.Equal(t, c.next+1, chained[0].Seq)
		})
	}
}
