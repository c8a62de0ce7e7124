package storage

import (
	"context"
	"errors"
	"time"
)

// CountEvent counts something that may happen limit times before it has to rest for the time rest. It is one statement, so that of any
// number of attempts at once no more are allowed. One that is not allowed is not counted; until says when the next will be.
// No span of the length rest ever holds more than limit.
func (s *Store) CountEvent(ctx context.Context, key string, limit int, rest time.Duration, now time.Time) (allowed bool, until time.Time, err error) {
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
