package storage

import (
	"context"
	"time"
)

// Delivery is the state of something that is to be delivered to somebody who may be out of reach: a message to a person, or a logout notice to
// a client.
type Delivery struct {
	Attempts      int    `db:"attempts"`        // that were answered
	NextAttemptAt Time   `db:"next_attempt_at"` // zero: there is nothing to do yet, or nothing is left to do
	Failure       string `db:"failure"`         // of the last attempt, in words without addresses
	DeliveredAt   Time   `db:"delivered_at"`    // zero: not delivered
	GivenUpAt     Time   `db:"given_up_at"`     // zero: not given up
}

// queue is a table of entries that are to be delivered. An entry is due at its next attempt. Claiming it moves that into the future, and
// says before then what became of it: it is deferred, delivered or given up. An entry whose claim ends before that is due again.
type queue struct {
	*database
	table   string
	key     string // columns of the primary key, as one value
	first   string // the same columns of a row x, as a list
	isKey   string // condition that a row has a given key
	waits   string // condition that a row is still to be delivered
	columns string // of an entry
}

// waiting returns how many entries are still to be delivered, and when the first of them is due: zero when there is none.
func (q queue) waiting(ctx context.Context, args ...any) (waiting int, next time.Time, err error) {
	var row struct {
		Waiting int  `db:"waiting"`
		Next    Time `db:"next"`
	}
	err = q.get(ctx, &row, `SELECT count(*) AS waiting, min(next_attempt_at) AS next FROM `+q.table+` WHERE `+q.waits, args...)
	return row.Waiting, row.Next.Time, err
}

// claim scans the entry that has been due for longest at now into row: nobody else gets it before until, unless it is deferred. ErrNotFound
// when no entry is due, or when another replica has just taken it.
func (q queue) claim(ctx context.Context, row any, until, now time.Time) error {
	return q.getFresh(ctx, row, `
		UPDATE `+q.table+` SET next_attempt_at = ?
		WHERE next_attempt_at <= ? AND `+q.key+` = (
			SELECT `+q.first+` FROM `+q.table+` x WHERE x.next_attempt_at <= ? ORDER BY x.next_attempt_at, `+q.first+` LIMIT 1)
		RETURNING `+q.columns, At(until), At(now), At(now))
}

// postpone gives a claimed entry back, with the Attempts, Failure and NextAttemptAt of next. ErrStale as with settle.
func (q queue) postpone(ctx context.Context, claimed, next Delivery, key ...any) error {
	return q.settle(ctx, claimed, `attempts = ?, failure = ?, next_attempt_at = ?`, []any{next.Attempts, next.Failure, next.NextAttemptAt}, key...)
}

// settle writes what became of a claimed entry. ErrStale when the claim had ended and another replica has taken the entry, and when the entry
// is gone.
func (q queue) settle(ctx context.Context, claimed Delivery, set string, values []any, key ...any) error {
	args := append(append(values, key...), claimed.NextAttemptAt)
	return q.execOne(ctx, ErrStale, `
		UPDATE `+q.table+` SET `+set+` WHERE `+q.isKey+` AND next_attempt_at = ?`, args...)
}
