package storage

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// mailKept is how long a message stays in the outbox, sent or not. No link in a message is good for longer.
const mailKept = 7 * 24 * time.Hour

// assertionKept is how far apart the clocks of two replicas may be, so that one does not forget an identifier that the other still accepts.
const assertionKept = time.Minute

// deviceKept is how long a device that still polls is told that its codes have expired.
const deviceKept = 10 * time.Minute

// initialTokenKept is how long operators still see a token that has expired.
const initialTokenKept = 30 * 24 * time.Hour

// expiries are the tables that grow with use, each with the column that says when a row expires, how long the row is kept after that, and
// another column whose time, if later, counts instead.
var expiries = []struct {
	table, key, column string
	kept               time.Duration
	unless             string
}{
	{table: "sessions", key: "session_hash", column: "expires_at"},
	{table: "sessions", key: "session_hash", column: "idle_until"},
	{table: "visits", key: "sid", column: "expires_at"},
	{table: "flows", key: "id", column: "expires_at"},
	{table: "grants", key: "id", column: "expires_at"},
	{table: "revoked_tokens", key: "id", column: "expires_at"},
	{table: "pushed_requests", key: "request_hash", column: "expires_at"},
	{table: "device_requests", key: "id", column: "expires_at", kept: deviceKept},
	{table: "initial_access_tokens", key: "id", column: "expires_at", kept: initialTokenKept},
	{table: "client_assertions", key: "jti_hash", column: "expires_at", kept: assertionKept},
	{table: "dpop_proofs", key: "proof_hash", column: "expires_at", kept: assertionKept},
	{table: "tickets", key: "ticket_hash", column: "expires_at"},
	{table: "registrations", key: "secret_hash", column: "expires_at"},
	{table: "enrolments", key: "user_id", column: "expires_at"},
	{table: "code_sheets", key: "user_id", column: "expires_at"},
	{table: "throttle", key: "key", column: "expires_at", unless: "blocked_until"},
	{table: "outbox", key: "id", column: "created_at", kept: mailKept},
}

// Sweep deletes every row that has expired at now, up to batch rows in each statement, and returns how many there were. Audit entries stay.
func (s *Store) Sweep(ctx context.Context, now time.Time, batch int) (int64, error) {
	var total int64
	for _, e := range expiries {
		// The outer condition keeps rows that were prolonged after the inner query found them.
		query := fmt.Sprintf(`
			DELETE FROM %[1]s WHERE %[3]s <= ? AND %[4]s <= ? AND %[2]s IN (
				SELECT x.%[2]s FROM %[1]s x WHERE x.%[3]s <= ? AND x.%[4]s <= ? LIMIT ?)`,
			e.table, e.key, e.column, cmp.Or(e.unless, e.column))
		for over := At(now.Add(-e.kept)); ; {
			deleted, err := s.exec(ctx, query, over, over, over, over, batch)
			total += deleted
			if err != nil {
				return total, err
			}
			if deleted < int64(batch) {
				break
			}
		}
	}
	return total, nil
}
