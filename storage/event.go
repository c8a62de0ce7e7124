package storage

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Events are the entries of the audit log.
type Events struct{ *database }

// Event is an entry of the audit log. Package audit knows what the body means.
type Event struct {
	ID     string `db:"id"`
	At     Time   `db:"at"`
	Name   string `db:"name"`
	UserID string `db:"user_id"` // may be empty
	Body   string `db:"body"`    // JSON object
	// Seq numbers the chained entries from 1; 0: not chained yet.
	Seq  int64  `db:"seq"`
	Link []byte `db:"link"`
}

const eventColumns = `e.id, e.at, e.name, e.user_id, e.body, coalesce(e.seq, 0) AS seq, e.link`

// Add files an audit entry in the caller's transaction. The body is a JSON object with the members id, at (microseconds
// since 1970), name and, where a user is concerned, user_id.
func (s *Events) Add(ctx context.Context, body string) error {
	var entry struct {
		ID     string `json:"id"`
		At     int64  `json:"at"`
		Name   string `json:"name"`
		UserID string `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(body), &entry); err != nil {
		return fmt.Errorf("read the audit entry: %w", err)
	}
	_, err := s.exec(ctx, `INSERT INTO audit_events (id, at, name, user_id, body) VALUES (?, ?, ?, ?, ?)`,
		entry.ID, entry.At, entry.Name, entry.UserID, body)
	return err
}

// EventQuery selects audit entries.
type EventQuery struct {
	UserID string    // empty: all entries, whether about a user or not
	Names  []string  // empty: all
	Before string    // id of an entry: only entries older than it; empty: from the newest
	Since  time.Time // zero: from the beginning
	Limit  int
}

// List returns up to q.Limit audit entries, newest first.
func (s *Events) List(ctx context.Context, q EventQuery) ([]Event, error) {
	conditions, args := []string{"1 = 1"}, []any{}
	if q.UserID != "" {
		conditions, args = append(conditions, "e.user_id = ?"), append(args, q.UserID)
	}
	if len(q.Names) > 0 {
		conditions, args = append(conditions, "e.name IN ("+marks(len(q.Names))+")"), append(args, anySlice(q.Names)...)
	}
	if q.Before != "" {
		conditions = append(conditions, "(e.at, e.id) < (SELECT b.at, b.id FROM audit_events b WHERE b.id = ?)")
		args = append(args, q.Before)
	}
	if !q.Since.IsZero() {
		conditions, args = append(conditions, "e.at >= ?"), append(args, At(q.Since))
	}
	var events []Event
	err := s.list(ctx, &events, `
		SELECT `+eventColumns+` FROM audit_events e
		WHERE `+strings.Join(conditions, " AND ")+` ORDER BY e.at DESC, e.id DESC LIMIT ?`, append(args, q.Limit)...)
	return events, err
}

// Chained returns up to limit chained entries in order, starting after the one with number after.
func (s *Events) Chained(ctx context.Context, after int64, limit int) ([]Event, error) {
	var events []Event
	err := s.list(ctx, &events, `SELECT `+eventColumns+` FROM audit_events e WHERE e.seq > ? ORDER BY e.seq LIMIT ?`, after, limit)
	return events, err
}

// Unchained returns up to limit entries that are not chained yet, oldest first, starting after the entry after (its zero value: from the
// oldest).
func (s *Events) Unchained(ctx context.Context, after Event, limit int) ([]Event, error) {
	var events []Event
	err := s.list(ctx, &events, `
		SELECT `+eventColumns+` FROM audit_events e
		WHERE e.seq IS NULL AND (e.at, e.id) > (?, ?) ORDER BY e.at, e.id LIMIT ?`, after.microseconds(), after.ID, limit)
	return events, err
}

func (e Event) microseconds() int64 {
	if e.At.IsZero() {
		return -1
	}
	return e.At.UnixMicro()
}

// EventHead is the end of the chain: the number of its last entry and the seal over that entry's link.
type EventHead struct {
	Seq  int64  `db:"seq"`
	Seal []byte `db:"link"`
}

// Head returns the end of the chain, or ErrNotFound if no entry was chained yet.
func (s *Events) Head(ctx context.Context) (EventHead, error) {
	var head EventHead
	err := s.get(ctx, &head, `SELECT seq, link FROM audit_head WHERE id = 1`)
	return head, err
}

// Chain has the functions that link an entry to the one before it and seal the end of the chain. The seal differs from the link, so that
// someone who cuts entries off cannot use the link of the last remaining entry as the seal of the new end.
type Chain struct {
	Link func(previous []byte, seq int64, body string) []byte
	Seal func(seq int64, last []byte) []byte
}

// Chain appends up to limit unchained entries to the chain and returns them. broken reports that the end of the chain was changed; then a
// number is left out before the new entries, so that the damage stays visible.
func (s *Events) Chain(ctx context.Context, limit int, chain Chain) (chained []Event, broken bool, err error) {
	if waiting, err := s.Unchained(ctx, Event{}, 1); err != nil || len(waiting) == 0 {
		return nil, false, err
	}
	err = s.inTx(ctx, func(ctx context.Context) error {
		var last Event
		if last, broken, err = s.lockChain(ctx, chain); err != nil {
			return err
		}
		if chained, err = s.Unchained(ctx, Event{}, limit); err != nil || len(chained) == 0 {
			return err
		}
		for i := range chained {
			e := &chained[i]
			e.Seq = last.Seq + 1
			e.Link = chain.Link(last.Link, e.Seq, e.Body)
			if err := s.execOne(ctx, ErrStale, `UPDATE audit_events SET seq = ?, link = ? WHERE id = ? AND seq IS NULL`, e.Seq, e.Link, e.ID); err != nil {
				return err
			}
			last = *e
		}
		return s.execOne(ctx, ErrNotFound, `UPDATE audit_head SET seq = ?, link = ? WHERE id = 1`, last.Seq, chain.Seal(last.Seq, last.Link))
	})
	if err != nil {
		return nil, broken, err
	}
	return chained, broken, nil
}

// lockChain keeps other replicas from chaining until the transaction ends, and returns the last chained entry. If the end of the chain is
// broken, the entry's number is the one to leave out.
func (s *Events) lockChain(ctx context.Context, chain Chain) (last Event, broken bool, err error) {
	var head EventHead
	if err := s.getFresh(ctx, &head, `
		INSERT INTO audit_head (id, seq, link) VALUES (1, 0, ?)
		ON CONFLICT (id) DO UPDATE SET seq = audit_head.seq RETURNING seq, link`, chain.Seal(0, nil)); err != nil {
		return last, false, err
	}
	err = s.get(ctx, &last, `SELECT `+eventColumns+` FROM audit_events e WHERE e.seq IS NOT NULL ORDER BY e.seq DESC LIMIT 1`)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return last, false, err
	}
	if last.Seq == head.Seq && hmac.Equal(head.Seal, chain.Seal(last.Seq, last.Link)) {
		return last, false, nil
	}
	last.Seq = max(last.Seq, head.Seq) + 1
	return last, true, nil
}
