package storage

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"
)

// Budget limits the failures counted under one key.
type Budget struct {
	Key   string
	Tries int // failures that are free of a wait
	// CloseAfter failures in a row the key stays blocked until it is cleared; 0: never.
	CloseAfter int
	// Forget is the time without a failure after which earlier ones no longer count; 0: they count until cleared.
	Forget time.Duration
}

// Attempts is the state of a key after an attempt was counted.
type Attempts struct {
	Key          string `db:"key"`
	Failures     int    `db:"failures"`
	BlockedUntil Time   `db:"blocked_until"`
}

// Never is how long a closed key is blocked.
var Never = time.UnixMicro(math.MaxInt64 / 2)

// The waits after the free tries: 1, 2, 4 … minutes, an hour at most.
const (
	firstWait   = int64(time.Minute / time.Microsecond)
	longestWait = int64(time.Hour / time.Microsecond)
	doublings   = 6 // 2^6 minutes would pass the longest wait
)

// CountAttempt counts one failure under every budget's key, unless one of them is blocked at now: then nothing is counted and
// allowed is false. It is one statement, so that of any number of attempts at once no more are let through than the
// budget has left. An attempt that turns out right is given back with ClearAttempts.
func (s *Store) CountAttempt(ctx context.Context, now time.Time, budgets ...Budget) (states []Attempts, allowed bool, err error) {
	// In one order for everybody: two attempts that share keys would else wait for each other's rows.
	budgets = slices.SortedFunc(slices.Values(budgets), func(a, b Budget) int { return strings.Compare(a.Key, b.Key) })
	values := make([]string, len(budgets))
	var args, keyArgs, triesArgs, closeArgs []any
	for i, b := range budgets {
		values[i] = "(CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT))"
		args = append(args, b.Key, firstBlock(b, now), expiryOf(b, now))
		keyArgs = append(keyArgs, b.Key)
		triesArgs = append(triesArgs, b.Key, b.Tries)
		closeArgs = append(closeArgs, b.Key, closeAfter(b))
	}
	perKey := func() string {
		return "CASE throttle.key" + strings.Repeat(" WHEN ? THEN CAST(? AS BIGINT)", len(budgets)) + " ELSE 0 END"
	}
	failures := "CASE WHEN throttle.expires_at <= ? THEN 1 ELSE throttle.failures + 1 END"
	query := `
		INSERT INTO throttle (key, failures, blocked_until, expires_at)
		SELECT column1, 1, column2, column3 FROM (VALUES ` + strings.Join(values, ", ") + `) AS v
		WHERE NOT EXISTS (SELECT 1 FROM throttle t WHERE t.key IN (` + marks(len(budgets)) + `) AND t.blocked_until > ?)
		ON CONFLICT (key) DO UPDATE SET
			failures = ` + failures + `,
			blocked_until = CASE
				WHEN ` + failures + ` >= ` + perKey() + ` THEN CAST(? AS BIGINT)
				WHEN ` + failures + ` < ` + perKey() + ` THEN 0
				WHEN ` + failures + ` - ` + perKey() + ` >= CAST(? AS BIGINT) THEN CAST(? AS BIGINT)
				ELSE CAST(? AS BIGINT) + (CAST(? AS BIGINT) << CAST(` + failures + ` - ` + perKey() + ` AS INTEGER))
			END,
			expires_at = excluded.expires_at
		WHERE throttle.blocked_until <= ?
		RETURNING key, failures, blocked_until`
	at := now.UnixMicro()
	args = append(append(args, keyArgs...), at, at)
	args = append(append(args, at), append(closeArgs, Never.UnixMicro())...)
	args = append(append(args, at), triesArgs...)
	args = append(append(append(args, at), triesArgs...), int64(doublings), at+longestWait)
	args = append(append(append(args, at, firstWait, at), triesArgs...), at)
	err = s.listFrom(ctx, s.writer, &states, query, args...)
	return states, len(states) == len(budgets), err
}

// Attempts returns the states of those keys that have one.
func (s *Store) Attempts(ctx context.Context, keys ...string) ([]Attempts, error) {
	var states []Attempts
	err := s.list(ctx, &states, `SELECT key, failures, blocked_until FROM throttle WHERE key IN (`+marks(len(keys))+`)`, anySlice(keys)...)
	return states, err
}

// PassAttempt clears a key, unless it is blocked at now: then passed is false and nothing changes.
func (s *Store) PassAttempt(ctx context.Context, now time.Time, b Budget) (passed bool, err error) {
	changed, err := s.exec(ctx, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at) VALUES (?, 0, 0, ?)
		ON CONFLICT (key) DO UPDATE SET failures = 0, expires_at = excluded.expires_at WHERE throttle.blocked_until <= ?`,
		b.Key, now.Add(time.Hour).UnixMicro(), now.UnixMicro())
	return changed == 1, err
}

// ClearAttempts forgets all failures of the key clear (empty: of none) and takes back one failure of each key in giveBack, with
// the wait that it began.
func (s *Store) ClearAttempts(ctx context.Context, clear string, giveBack ...Budget) error {
	var keys []string
	if clear != "" {
		keys = append(keys, clear)
	}
	for _, b := range giveBack {
		keys = append(keys, b.Key)
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys) // as CountAttempt does; an UPDATE would take the rows in any order
	keys = slices.Compact(keys)
	_, err := s.exec(ctx, `
		INSERT INTO throttle (key, failures, blocked_until, expires_at)
		VALUES (?, 0, 0, 0)`+strings.Repeat(", (?, 0, 0, 0)", len(keys)-1)+`
		ON CONFLICT (key) DO UPDATE SET blocked_until = 0,
			failures = CASE WHEN throttle.key = ? OR throttle.failures < 1 THEN 0 ELSE throttle.failures - 1 END`,
		append(anySlice(keys), clear)...)
	return err
}

// firstBlock is until when the first failure blocks a key.
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
