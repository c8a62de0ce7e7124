package audit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/postern-id/postern/storage"
)

const page = 1000

// Tail calls show with each of the newest n entries, the oldest of them first. If follow is set, it goes on with each new entry until ctx
// is done, and then returns nil.
func (l *Log) Tail(ctx context.Context, n int, follow bool, show func(storage.Event) error) error {
	events, err := l.store.Events.List(ctx, storage.EventQuery{Limit: n})
	if err != nil {
		return err
	}
	slices.Reverse(events)
	shown := follower{}
	if err := shown.show(events, show); err != nil || !follow {
		return err
	}
	ticker := time.NewTicker(chainPause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		events, err := l.since(ctx, shown.newest.Add(-lateness))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := shown.show(events, show); err != nil {
			return err
		}
	}
}

// lateness is how long after its own time an entry may appear, because of a long transaction or a replica whose clock is slow.
const lateness = time.Minute

// since returns the entries from a given time on, oldest first.
func (l *Log) since(ctx context.Context, from time.Time) ([]storage.Event, error) {
	var all []storage.Event
	for q := (storage.EventQuery{Since: from, Limit: page}); ; {
		events, err := l.store.Events.List(ctx, q)
		all = append(all, events...)
		if err != nil || len(events) < page {
			slices.Reverse(all)
			return all, err
		}
		q.Before = events[len(events)-1].ID
	}
}

// follower remembers which entries were shown lately.
type follower struct {
	newest time.Time
	ids    map[string]time.Time
}

func (f *follower) show(events []storage.Event, show func(storage.Event) error) error {
	if f.ids == nil {
		f.ids = map[string]time.Time{}
	}
	for _, e := range events {
		if _, again := f.ids[e.ID]; again {
			continue
		}
		if err := show(e); err != nil {
			return err
		}
		f.ids[e.ID] = e.At.Time
		if e.At.After(f.newest) {
			f.newest = e.At.Time
		}
	}
	for id, at := range f.ids {
		if at.Before(f.newest.Add(-lateness)) {
			delete(f.ids, id)
		}
	}
	return nil
}

// exported is one line of an export. If the export is kept elsewhere, the link proves what the log contained up to that line.
type exported struct {
	Seq   int64           `json:"seq,omitempty"`
	Time  time.Time       `json:"time"`
	Event json.RawMessage `json:"event"`
	Link  string          `json:"link,omitempty"`
}

// Export writes the whole log to w as JSON lines: the chained entries in order with number, time and link (base64url), then those that are
// not chained yet.
func (l *Log) Export(ctx context.Context, w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return l.walk(ctx, nil, func(e storage.Event) error {
		if !json.Valid([]byte(e.Body)) {
			return fmt.Errorf("audit entry %s is not JSON; run: postern audit verify", e.ID)
		}
		return encoder.Encode(exported{
			Seq: e.Seq, Time: e.At.Time, Event: json.RawMessage(e.Body), Link: base64.RawURLEncoding.EncodeToString(e.Link),
		})
	})
}

// counted wraps visit so that it reports for how many entries it was called.
func (l *Log) counted(visit func(storage.Event) error) func(storage.Event) error {
	if l.progress == nil {
		return visit
	}
	done := 0
	return func(e storage.Event) error {
		done++
		l.progress(done, 0)
		return visit(e)
	}
}

// walk visits all entries as they are at one moment: the chained ones in order, then the others. It calls first before that, unless it is
// nil.
func (l *Log) walk(ctx context.Context, first func(context.Context) error, visit func(storage.Event) error) error {
	visit = l.counted(visit)
	return l.store.Snapshot(ctx, func(ctx context.Context) error {
		if first != nil {
			if err := first(ctx); err != nil {
				return err
			}
		}
		for seq := int64(0); ; {
			events, err := l.store.Events.Chained(ctx, seq, page)
			if err != nil {
				return err
			}
			if len(events) == 0 {
				break
			}
			if err := each(events, visit); err != nil {
				return err
			}
			seq = events[len(events)-1].Seq
		}
		for after := (storage.Event{}); ; {
			events, err := l.store.Events.Unchained(ctx, after, page)
			if err != nil || len(events) == 0 {
				return err
			}
			if err := each(events, visit); err != nil {
				return err
			}
			after = events[len(events)-1]
		}
	})
}

func each(events []storage.Event, visit func(storage.Event) error) error {
	for _, e := range events {
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}
