package audit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-id/postern/storage"
)

// Entry is an audit entry that was read: an event, with its id and time.
type Entry struct {
	ID string
	At time.Time
	Event
}

// OfUser returns up to limit entries that concern a user and are older than the entry with the id before (empty: all), newest first.
func (l *Log) OfUser(ctx context.Context, userID, before string, limit int) ([]Entry, error) {
	rows, err := l.store.Events.List(ctx, storage.EventQuery{UserID: userID, Before: before, Limit: limit})
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(rows))
	for i, row := range rows {
		entries[i] = read(row)
	}
	return entries, nil
}

// NewestOfUser returns the newest entry that concerns a user and has one of the names, or the zero Entry if there is none.
func (l *Log) NewestOfUser(ctx context.Context, userID string, names ...Name) (Entry, error) {
	q := storage.EventQuery{UserID: userID, Limit: 1}
	for _, name := range names {
		q.Names = append(q.Names, string(name))
	}
	rows, err := l.store.Events.List(ctx, q)
	if err != nil || len(rows) == 0 {
		return Entry{}, err
	}
	return read(rows[0]), nil
}

// read returns the entry of a row. If the body is damaged, it returns what the columns contain; Verify reports the damage.
func read(row storage.Event) Entry {
	e := Entry{ID: row.ID, At: row.At.Time, Event: Event{Name: Name(row.Name), UserID: row.UserID}}
	var body entry
	if json.Unmarshal([]byte(row.Body), &body) == nil {
		e.Actor, e.ClientID, e.Address, e.Detail = body.Actor, body.ClientID, body.Address, body.Detail
	}
	return e
}
