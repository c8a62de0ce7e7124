package storage

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"
)

// Attempts are the counters that throttle guessing and limit how often something may happen.
type Attempts struct{ *database }

// Budget limits the failures counted under one key.
type Budget struct {
	Key   string
	Tries int // failures that cause no wait
	// CloseAfter is the number of failures in a row after which the key is blocked until it is cleared; 0: that never happens.
	CloseAfter int
	// Forget is how long after the latest failure all of them are forgotten; 0: they count until the key is cleared.
	Forget time.Duration
}

// AttemptState is the state of a key after an attempt was counted.
type AttemptState struct {
	Key          string `db:"key"`
	Failures     int    `db:"failures"`
	BlockedUntil Time   `db:"blocked_until"`
	PendingUntil Time   `db:"pending_until"` // when the latest reservation ends; filled by [Attempts.States] alone
}

// Never is the time until which a closed key is blocked.
var Never = time.UnixMicro(math.MaxInt64 / 2)

// The waits after the free tries: 1, 2, 4 … minutes, an hour at most.
const (
	firstWait   = int64(time.Minute / time.Microsecond)
	longestWait = int64(time.Hour / time.Microsecond)
	doublings   = 6 // 2^6 minutes would exceed the longest wait
)

// Count counts one failure under the key of every budget, unless one of the keys is blocked at now: then it counts nothing and allowed is
// false. It is one statement, so that simultaneous attempts cannot exceed a budget. Use it for attempts that were checked before the call
// or are checked in the same transaction; others begin with [Attempts.Reserve].
func (s *Attempts) Count(ctx context.Context, now time.Time, budgets ...Budget) (states []AttemptState, allowed bool, err error) {
	count := newFailureCount(budgets, now)
	args := append(count.values, anySlice(count.keys)...)
	args = append(append(append(args, now.UnixMicro()), count.args...), now.UnixMicro())
	err = s.listFrom(ctx, s.writer, &states, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at)
		SELECT column1, 1, column2, column3 FROM (VALUES `+count.rows+`) AS v
		WHERE NOT EXISTS (SELECT 1 FROM throttle t WHERE t.key IN (`+marks(len(count.keys))+`) AND t.blocked_until > ?)
		ON CONFLICT (key) DO UPDATE SET `+count.set+`
		WHERE throttle.blocked_until <= ?
		RETURNING key, failures, blocked_until`, args...)
	return states, len(states) == len(count.keys), err
}

// failureCount is what all statements that count failures have in common.
type failureCount struct {
	keys      []string
	rows, set string
	values    []any // of rows: key, first block, expiry
	args      []any // of set
}

func newFailureCount(budgets []Budget, now time.Time) failureCount {
	budgets = inOrder(budgets)
	var count failureCount
	var triesArgs, closeArgs []any
	for _, b := range budgets {
		count.keys = append(count.keys, b.Key)
		count.values = append(count.values, b.Key, firstBlock(b, now), expiryOf(b, now))
		triesArgs = append(triesArgs, b.Key, b.Tries)
		closeArgs = append(closeArgs, b.Key, closeAfter(b))
	}
	count.rows = strings.TrimSuffix(strings.Repeat("(CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT)), ", len(budgets)), ", ")
	perKey := perKeySQL(len(budgets))
	failures := "CASE WHEN throttle.expires_at <= ? THEN 1 ELSE throttle.failures + 1 END"
	count.set = `
			failures = ` + failures + `,
			blocked_until = CASE
				WHEN ` + failures + ` >= ` + perKey + ` THEN CAST(? AS BIGINT)
				WHEN ` + failures + ` < ` + perKey + ` THEN 0
				WHEN ` + failures + ` - ` + perKey + ` >= CAST(? AS BIGINT) THEN CAST(? AS BIGINT)
				ELSE CAST(? AS BIGINT) + (CAST(? AS BIGINT) << CAST(` + failures + ` - ` + perKey + ` AS INTEGER))
			END,
			expires_at = excluded.expires_at`
	at := now.UnixMicro()
	args := append(append([]any{at, at}, closeArgs...), Never.UnixMicro())
	args = append(append(args, at), triesArgs...)
	args = append(append(append(args, at), triesArgs...), int64(doublings), at+longestWait)
	count.args = append(append(args, at, firstWait, at), triesArgs...)
	return count
}

// inOrder sorts budgets by key, so that two attempts with the same keys cannot deadlock.
func inOrder(budgets []Budget) []Budget {
	return slices.SortedFunc(slices.Values(budgets), func(a, b Budget) int { return strings.Compare(a.Key, b.Key) })
}

// perKeySQL returns an expression for a number that depends on the key. Its arguments are n pairs of a key and its number.
func perKeySQL(n int) string {
	return "CASE throttle.key" + strings.Repeat(" WHEN ? THEN CAST(? AS BIGINT)", n) + " ELSE 0 END"
}

// States returns the states of those of the keys for which something is stored.
func (s *Attempts) States(ctx context.Context, keys ...string) ([]AttemptState, error) {
	var states []AttemptState
	err := s.list(ctx, &states, `SELECT key, failures, blocked_until, pending_until FROM throttle WHERE key IN (`+marks(len(keys))+`)`, anySlice(keys)...)
	return states, err
}

// ClearUnlessBlocked forgets all failures of the key of b, unless the key is blocked at now: then passed is false and nothing changes.
func (s *Attempts) ClearUnlessBlocked(ctx context.Context, now time.Time, b Budget) (passed bool, err error) {
	changed, err := s.exec(ctx, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at) VALUES (?, 0, 0, ?)
		ON CONFLICT (key) DO UPDATE SET failures = 0, expires_at = excluded.expires_at WHERE throttle.blocked_until <= ?`,
		b.Key, now.Add(time.Hour).UnixMicro(), now.UnixMicro())
	return changed == 1, err
}

// Clear forgets all failures of a key, and locks its row until the end of the transaction.
func (s *Attempts) Clear(ctx context.Context, key string) error {
	_, err := s.exec(ctx, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at) VALUES (?, 0, 0, 0)
		ON CONFLICT (key) DO UPDATE SET blocked_until = 0, failures = 0`, key)
	return err
}

// Lock locks the row of a key until the end of the transaction.
func (s *Attempts) Lock(ctx context.Context, key string) error {
	_, err := s.exec(ctx, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at) VALUES (?, 0, 0, 0)
		ON CONFLICT (key) DO UPDATE SET failures = throttle.failures`, key)
	return err
}

// Allow reports whether something may happen now that may happen at most limit times within any span of length rest, and counts it if so.
// If not, until is when it may happen next. It is one statement, so that simultaneous requests cannot exceed the limit.
func (s *Attempts) Allow(ctx context.Context, key string, limit int, rest time.Duration, now time.Time) (allowed bool, until time.Time, err error) {
	at := now.UnixMicro()
	var failures int
	err = s.getFresh(ctx, &failures, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at) VALUES (?, 1, 0, ?)
		ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN throttle.expires_at <= ? THEN 1 ELSE throttle.failures + 1 END,
			expires_at = excluded.expires_at
		WHERE throttle.expires_at <= ? OR throttle.failures < ?
		RETURNING failures`, key, now.Add(rest).UnixMicro(), at, at, limit)
	if !errors.Is(err, ErrNotFound) {
		return err == nil, time.Time{}, err
	}
	var expires Time
	err = s.get(ctx, &expires, `SELECT expires_at FROM throttle WHERE key = ?`, key)
	if errors.Is(err, ErrNotFound) { // swept meanwhile
		return false, now, nil
	}
	return false, expires.Time, err
}

// firstBlock returns the time until which the first failure blocks a key, in microseconds.
func firstBlock(b Budget, now time.Time) int64 {
	switch {
	case closeAfter(b) <= 1:
		return Never.UnixMicro()
	case b.Tries <= 1:
		return now.UnixMicro() + firstWait
	}
	return 0
}

func expiryOf(b Budget, now time.Time) int64 {
	if b.Forget == 0 {
		return Never.UnixMicro()
	}
	return now.Add(b.Forget).UnixMicro()
}

func closeAfter(b Budget) int64 {
	if b.CloseAfter == 0 {
		return math.MaxInt64
	}
	return int64(b.CloseAfter)
}

func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func anySlice(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}
