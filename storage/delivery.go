package storage

import (
	"context"
	"time"
)

// Delivery is the state of something that is sent until it arrives or is given up: a message to a person, or a logout notice to a client.
type Delivery struct {
	Attempts      int    `db:"attempts"`        // that got an answer
	NextAttemptAt Time   `db:"next_attempt_at"` // zero: not due yet, or finished
	Failure       string `db:"failure"`         // of the last attempt, in words without addresses
	DeliveredAt   Time   `db:"delivered_at"`    // zero: not delivered
	GivenUpAt     Time   `db:"given_up_at"`     // zero: not given up
}

// queue is a table of entries that are to be delivered. An entry is due at the time of its next attempt. A claim moves that time into the
// future; before then, its holder defers the entry, or records that it was delivered or given up. Otherwise the entry is due again when the
// claim ends.
type queue struct {
	*database
	table   string
	key     string // columns of the primary key, as one value
	first   string // the same columns of a row x, as a comma-separated list
	isKey   string // condition: the row has the given key
	waits   string // condition: the row is still to be delivered
	columns string // of an entry
}

// waiting returns how many entries are still to be delivered, and when the first of them is due: the zero time if there are none.
func (q queue) waiting(ctx context.Context, args ...any) (waiting int, next time.Time, err error) {
	var row struct {
		Waiting int  `db:"waiting"`
		Next    Time `db:"next"`
	}
	err = q.get(ctx, &row, `SELECT count(*) AS waiting, min(next_attempt_at) AS next FROM `+q.table+` WHERE `+q.waits, args...)
	return row.Waiting, row.Next.Time, err
}

// claim scans the entry that has been due longest at now into row. Nobody else gets it before until, unless it is postponed to an earlier
// time. It returns ErrNotFound if no entry is due, or if another replica has just taken it.
func (q queue) claim(ctx context.Context, row any, until, now time.Time) error {
	return q.getFresh(ctx, row, `
		UPDATE `+q.table+` SET next_attempt_at = ?
		WHERE next_attempt_at <= ? AND `+q.key+` = (
			SELECT `+q.first+` FROM `+q.table+` x WHERE x.next_attempt_at <= ? ORDER BY x.next_attempt_at, `+q.first+` LIMIT 1)
		RETURNING `+q.columns, At(until), At(now), At(now))
}

// postpone gives a claimed entry back, with the Attempts, Failure and NextAttemptAt of next. It returns ErrStale like settle.
func (q queue) postpone(ctx context.Context, claimed, next Delivery, key ...any) error {
	return q.settle(ctx, claimed, `attempts = ?, failure = ?, next_attempt_at = ?`, []any{next.Attempts, next.Failure, next.NextAttemptAt}, key...)
}

// settle writes the outcome of a claimed entry. It returns ErrStale if the claim had ended and another replica took the entry, or if the
// entry is gone.
func (q queue) settle(ctx context.Context, claimed Delivery, set string, values []any, key ...any) error {
	args := append(append(values, key...), claimed.NextAttemptAt)
	return q.execOne(ctx, ErrStale, `
		UPDATE `+q.table+` SET `+set+` WHERE `+q.isKey+` AND next_attempt_at = ?`, args...)
}
