package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestTailShowsTheNewestInOrder(t *testing.T) {
	log := audit.New(storagetest.Open(t))
	record(t, log, 5)
	var shown []time.Time
	require.NoError(t, log.Tail(t.Context(), 3, false, func(e storage.Event) error {
		shown = append(shown, e.At.Time)
		return nil
	}))
	require.Equal(t, []time.Time{now.Add(2 * time.Second), now.Add(3 * time.Second), now.Add(4 * time.Second)}, shown)

	stop := errors.New("stop")
	require.ErrorIs(t, log.Tail(t.Context(), 3, true, func(storage.Event) error { return stop }), stop)
}

func TestTailFollows(t *testing.T) {
	db := storagetest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		log := audit.New(db.Open(t))
		event := func(user string, at time.Time) {
			e := example
			e.UserID = user
			require.NoError(t, log.Record(t.Context(), e, at))
		}
		start := time.Now()
		event("before", start)
		ctx, stop := context.WithCancel(t.Context())
		shown, ended := make(chan string, 100), make(chan error)
		go func() {
			ended <- log.Tail(ctx, 10, true, func(e storage.Event) error { shown <- e.UserID; return nil })
		}()
		require.Equal(t, "before", <-shown)
		event("new", start.Add(5*time.Second))
		require.Equal(t, "new", <-shown)
		event("late", start.Add(2*time.Second)) // from a slow transaction or clock
		require.Equal(t, "late", <-shown)
		for i := range 2500 {
			event("many", start.Add(time.Duration(i)*time.Millisecond))
		}
		for range 2500 {
			require.Equal(t, "many", <-shown)
		}
		event("long after", start.Add(time.Hour))
		require.Equal(t, "long after", <-shown)
		time.Sleep(time.Minute)
		stop()
		require.NoError(t, <-ended)
		require.Empty(t, shown, "nothing is shown twice")
	})
}

func TestExportIsJSONLinesInOrder(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		s := db.Open(t)
		log := audit.New(s)
		record(t, log, 3)
		_, err := log.Chain(t.Context())
		require.NoError(t, err)
		record(t, log, 2)

		var out bytes.Buffer
		require.NoError(t, log.Export(t.Context(), &out))
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		require.Len(t, lines, 5)
		for i, text := range lines {
			var line struct {
				Seq   int             `json:"seq"`
				Time  time.Time       `json:"time"`
				Event json.RawMessage `json:"event"`
				Link  string          `json:"link"`
			}
			require.NoError(t, json.Unmarshal([]byte(text), &line))
			chained := i < 3
			require.Equal(t, now.Add(time.Duration(i%3)*time.Second), line.Time)
			if chained {
				require.Equal(t, i+1, line.Seq)
				require.Len(t, line.Link, 43)
			} else {
				require.Zero(t, line.Seq)
				require.Empty(t, line.Link)
			}
			var event struct{ Name, Mac string }
			require.NoError(t, json.Unmarshal(line.Event, &event))
			require.Equal(t, string(audit.CodeRefused), event.Name)
			require.NotEmpty(t, event.Mac)
		}

		_, err = db.SQL(t).Exec(`UPDATE audit_events SET body = 'no JSON' WHERE seq = 2`)
		require.NoError(t, err)
		require.ErrorContains(t, log.Export(t.Context(), &out), "postern audit verify")
	})
}

// chaining is a writer for an export. When the first line arrives, it chains all entries.
type chaining struct {
	bytes.Buffer
	t   *testing.T
	log *audit.Log
}

func (c *chaining) Write(line []byte) (int, error) {
	if c.Len() == 0 {
		for chained := 1; chained > 0; {
			var err error
			chained, err = c.log.Chain(c.t.Context())
			require.NoError(c.t, err)
		}
	}
	return c.Buffer.Write(line)
}

// Entries that are chained between two reads of an export appear in it once.
func TestExportWhileEntriesAreChained(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		const entries = 1100 // more than one read returns
		log := audit.New(db.Open(t))
		record(t, log, entries)
		export := &chaining{t: t, log: audit.New(db.Open(t))}
		require.NoError(t, log.Export(t.Context(), export))
		ids := map[string]bool{}
		for line := range strings.Lines(export.String()) {
			var exported struct {
				Event struct {
					ID string `json:"id"`
				} `json:"event"`
			}
			require.NoError(t, json.Unmarshal([]byte(line), &exported))
			require.False(t, ids[exported.Event.ID], "twice")
			ids[exported.Event.ID] = true
		}
		require.Equal(t, entries, len(ids))
	})
}
