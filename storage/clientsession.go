package storage

import (
	"context"
	"errors"
	"time"
)

// clientSessionKept is how long a client session is kept after its session would have expired, or after its logout notice was delivered or
// given up. No notice is retried for that long.
const clientSessionKept = 7 * 24 * time.Hour

// ClientSessions are the uses of sessions at clients with a logout URI, and the logout notices that are due when the sessions end.
type ClientSessions struct{ queue }

func newClientSessions(d *database) *ClientSessions {
	return &ClientSessions{queue{
		database: d, table: "visits", key: "(sid, client_id)", first: "x.sid, x.client_id", isKey: "sid = ? AND client_id = ?",
		waits: "next_attempt_at IS NOT NULL", columns: clientSessionColumns,
	}}
}

// ClientSession records that a session was used at a client with a logout URI, and the delivery state of its logout notice.
type ClientSession struct {
	SID      string `db:"sid"`
	ClientID string `db:"client_id"`
	UserID   string `db:"user_id"`

	Delivery       // of the notice; it is due once the session has ended
	ExpiresAt Time `db:"expires_at"` // when the row is swept
}

const clientSessionColumns = `sid, client_id, user_id, attempts, next_attempt_at, failure, delivered_at, given_up_at, expires_at`

// add records that the session of g is used at its client. It returns ErrStale if the session has ended, and ErrNotFound if the client is
// gone. The caller has locked the user, which every method that ends a session does as well, so the session cannot end before the
// transaction does.
func (s *ClientSessions) add(ctx context.Context, g Grant) error {
	var ends Time
	err := s.getFresh(ctx, &ends, `
			UPDATE sessions SET epoch = epoch WHERE sid = ? AND epoch = ? AND completed_at IS NOT NULL AND expires_at > ? AND idle_until > ?
			RETURNING expires_at`, g.SID, g.Epoch, g.CreatedAt, g.CreatedAt)
	if errors.Is(err, ErrNotFound) {
		return ErrStale
	}
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `
			INSERT INTO visits (sid, client_id, user_id, expires_at) VALUES (?, ?, ?, ?) ON CONFLICT (sid, client_id) DO NOTHING`,
		g.SID, g.ClientID, g.UserID, At(ends.Add(clientSessionKept)))
	return err
}

// OfSession returns the client sessions of a session, alive or ended, in the order of their clients.
func (s *ClientSessions) OfSession(ctx context.Context, sid string) ([]ClientSession, error) {
	var sessions []ClientSession
	err := s.list(ctx, &sessions, `SELECT `+clientSessionColumns+` FROM visits WHERE sid = ? ORDER BY client_id`, sid)
	return sessions, err
}

// Waiting returns how many logout notices are neither delivered nor given up, and when the first of them is due: the zero time if there are
// none.
func (s *ClientSessions) Waiting(ctx context.Context) (waiting int, next time.Time, err error) {
	return s.waiting(ctx)
}

// Claim takes the logout notice that has been due longest at now. Nobody else gets it before until, unless [ClientSessions.Defer] makes it
// due earlier. It returns ErrNotFound if no notice is due, or if another replica has just taken it.
func (s *ClientSessions) Claim(ctx context.Context, until, now time.Time) (ClientSession, error) {
	var c ClientSession
	err := s.claim(ctx, &c, until, now)
	return c, err
}

// Defer gives back a notice that [ClientSessions.Claim] returned, with the Attempts, Failure and NextAttemptAt of next. It returns ErrStale
// if the claim had ended and another replica took the notice, or if the notice is gone.
func (s *ClientSessions) Defer(ctx context.Context, claimed ClientSession, next Delivery) error {
	return s.postpone(ctx, claimed.Delivery, next, claimed.SID, claimed.ClientID)
}

// Done records that a claimed notice was delivered. It returns ErrStale like [ClientSessions.Defer].
func (s *ClientSessions) Done(ctx context.Context, claimed ClientSession, at time.Time) error {
	return s.settle(ctx, claimed.Delivery, `delivered_at = ?, next_attempt_at = NULL, attempts = attempts + 1, failure = '', expires_at = ?`,
		[]any{At(at), At(at.Add(clientSessionKept))}, claimed.SID, claimed.ClientID)
}

// GiveUp records that a claimed notice will not be delivered, and why. It returns ErrStale like [ClientSessions.Defer].
func (s *ClientSessions) GiveUp(ctx context.Context, claimed ClientSession, failure string, at time.Time) error {
	return s.settle(ctx, claimed.Delivery, `given_up_at = ?, next_attempt_at = NULL, attempts = attempts + 1, failure = ?, expires_at = ?`,
		[]any{At(at), failure, At(at.Add(clientSessionKept))}, claimed.SID, claimed.ClientID)
}

// Drop forgets a claimed notice that its client no longer wants. It returns ErrStale like [ClientSessions.Defer].
func (s *ClientSessions) Drop(ctx context.Context, claimed ClientSession) error {
	return s.execOne(ctx, ErrStale, `DELETE FROM visits WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}
