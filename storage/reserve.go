package storage

import (
	"context"
	"slices"
	"strings"
	"time"
)

// reservedFor is how long a reservation lasts if its end is never recorded, because the process or the database went away. It is longer
// than any request.
const reservedFor = 30 * time.Second

// Reservation is the place of an attempt in its budgets while the attempt is checked. It ends with [Attempts.Fail], [Attempts.Succeed] or
// [Attempts.Release], or by itself after half a minute.
type Reservation struct{ budgets []Budget }

// Reserve reserves a place for one attempt under the key of every budget. If a budget has no place, allowed is false and nothing is
// reserved. Failures and reservations together never exceed the tries of a budget; once failures alone have used them up, and the wait is
// over, one attempt at a time has a place. It is one statement, so that simultaneous attempts cannot exceed a budget.
func (s *Attempts) Reserve(ctx context.Context, now time.Time, budgets ...Budget) (r Reservation, allowed bool, err error) {
	budgets = inOrder(budgets)
	var values, keys, tries []any
	at, until := now.UnixMicro(), now.Add(reservedFor).UnixMicro()
	for _, b := range budgets {
		values = append(values, b.Key, until)
		keys = append(keys, b.Key)
		tries = append(tries, b.Key, b.Tries)
	}
	pending := "CASE WHEN throttle.pending_until <= ? THEN 0 ELSE throttle.pending END"
	failures := "CASE WHEN throttle.expires_at <= ? THEN 0 ELSE throttle.failures END"
	room := `throttle.blocked_until <= ? AND (` + pending + ` = 0 OR ` + pending + ` + ` + failures + ` < ` + perKeySQL(len(budgets)) + `)`
	roomArgs := append([]any{at, at, at, at}, tries...)
	args := append(append(values, keys...), roomArgs...)
	args = append(append(args, at, at), roomArgs...)
	var taken []string
	err = s.listFrom(ctx, s.writer, &taken, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at, pending, pending_until)
		SELECT column1, 0, 0, column2, 1, column2 FROM (VALUES `+strings.TrimSuffix(strings.Repeat("(CAST(? AS TEXT), CAST(? AS BIGINT)), ", len(budgets)), ", ")+`) AS v
		WHERE NOT EXISTS (SELECT 1 FROM throttle WHERE throttle.key IN (`+marks(len(keys))+`) AND NOT (`+room+`))
		ON CONFLICT (key) DO UPDATE SET failures = `+failures+`, pending = 1 + `+pending+`, pending_until = excluded.pending_until,
			expires_at = CASE WHEN throttle.expires_at > excluded.expires_at THEN throttle.expires_at ELSE excluded.expires_at END
		WHERE `+room+`
		RETURNING key`, args...)
	if err != nil || len(taken) == len(budgets) {
		return Reservation{budgets}, err == nil, err
	}
	// Another attempt took the place under one key at the same time. Give back the places under the others.
	budgets = slices.DeleteFunc(budgets, func(b Budget) bool { return !slices.Contains(taken, b.Key) })
	return Reservation{}, false, s.Release(ctx, Reservation{budgets})
}

const released = `pending = CASE WHEN throttle.pending > 0 THEN throttle.pending - 1 ELSE 0 END`

// Fail turns a reservation into a failure under every key, even if ctx is done: otherwise a client could hang up to keep a wrong guess from
// being counted.
func (s *Attempts) Fail(ctx context.Context, r Reservation, now time.Time) error {
	ctx, cancel := outliving(ctx)
	defer cancel()
	count := newFailureCount(r.budgets, now)
	_, err := s.exec(ctx, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at)
		SELECT column1, 1, column2, column3 FROM (VALUES `+count.rows+`) AS v WHERE true
		ON CONFLICT (key) DO UPDATE SET `+count.set+`, `+released, append(count.values, count.args...)...)
	return err
}

// Succeed ends a reservation and forgets the failures of the key clear.
func (s *Attempts) Succeed(ctx context.Context, r Reservation, clear string) error {
	return s.release(ctx, r, `,
		failures = CASE throttle.key WHEN ? THEN 0 ELSE throttle.failures END,
		blocked_until = CASE throttle.key WHEN ? THEN 0 ELSE throttle.blocked_until END`, clear, clear)
}

// Release ends the reservation of an attempt that was not checked.
func (s *Attempts) Release(ctx context.Context, r Reservation) error {
	return s.release(ctx, r, "")
}

func (s *Attempts) release(ctx context.Context, r Reservation, set string, args ...any) error {
	if len(r.budgets) == 0 {
		return nil
	}
	var keys []any
	for _, b := range r.budgets {
		keys = append(keys, b.Key)
	}
	// An INSERT locks the rows in the order of the keys; an UPDATE would lock them in any order.
	_, err := s.exec(ctx, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at)
		VALUES (?, 0, 0, 0)`+strings.Repeat(", (?, 0, 0, 0)", len(keys)-1)+`
		ON CONFLICT (key) DO UPDATE SET `+released+set, append(keys, args...)...)
	return err
}

// How long a statement may take if its request is over or has no deadline.
const (
	afterRequest = 500 * time.Millisecond
	withoutLimit = 5 * time.Second
)

// outliving returns a context for a statement that must run even if the request was cancelled or has no time left.
func outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	now := time.Now()
	end, limited := ctx.Deadline()
	switch {
	case !limited:
		end = now.Add(withoutLimit)
	case end.Before(now):
		end = now.Add(afterRequest)
	default:
		end = end.Add(afterRequest)
	}
	return context.WithDeadline(context.WithoutCancel(ctx), end)
}
