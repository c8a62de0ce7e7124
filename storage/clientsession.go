package storage

import (
	"context"
	"errors"
	"time"
)

// clientSessionKept is how long a client session is kept after its session would have ended by itself, or after its logout notice was delivered
// or given up: longer than anybody tries to deliver it.
const clientSessionKept = 7 * 24 * time.Hour

// ClientSessions are the uses of sessions at clients that have a logout URI, and the logout notices that come of them.
type ClientSessions struct{ *database }

// ClientSession records that a session was used at a client with a logout URI, and the delivery state of its logout notice.
type ClientSession struct {
	SID      string `db:"sid"`
	ClientID string `db:"client_id"`
	UserID   string `db:"user_id"`

	Attempts      int    `db:"attempts"`
	NextAttemptAt Time   `db:"next_attempt_at"` // zero: the session lives, or nothing is left to do
	Failure       string `db:"failure"`         // of the last attempt
	DeliveredAt   Time   `db:"delivered_at"`    // zero: not delivered
	GivenUpAt     Time   `db:"given_up_at"`     // zero: not given up
	ExpiresAt     Time   `db:"expires_at"`      // when the row is swept
}

const clientSessionColumns = `sid, client_id, user_id, attempts, next_attempt_at, failure, delivered_at, given_up_at, expires_at`

// Add records that a session is used at a client. ErrStale when the session has ended, ErrNotFound when the client is gone. Call it in the
// transaction that issues the grant, after the grant, whose user everybody locks first: the session then cannot end before both are there.
func (s *ClientSessions) Add(ctx context.Context, signIn SignIn, clientID string, now time.Time) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		var ends Time
		err := s.getFresh(ctx, &ends, `
			UPDATE sessions SET epoch = epoch WHERE sid = ? AND epoch = ? AND completed_at IS NOT NULL AND expires_at > ? AND idle_until > ?
			RETURNING expires_at`, signIn.ID(), signIn.User().Epoch, At(now), At(now))
		if errors.Is(err, ErrNotFound) {
			return ErrStale
		}
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, `
			INSERT INTO visits (sid, client_id, user_id, expires_at) VALUES (?, ?, ?, ?) ON CONFLICT (sid, client_id) DO NOTHING`,
			signIn.ID(), clientID, signIn.User().ID, At(ends.Add(clientSessionKept)))
		return err
	})
}

// OfSession returns the client sessions of a session, alive or ended, in the order of their clients.
func (s *ClientSessions) OfSession(ctx context.Context, sid string) ([]ClientSession, error) {
	var sessions []ClientSession
	err := s.list(ctx, &sessions, `SELECT `+clientSessionColumns+` FROM visits WHERE sid = ? ORDER BY client_id`, sid)
	return sessions, err
}

// Waiting returns how many logout notices are neither delivered nor given up, and when the first of them is due: zero when there is none.
func (s *ClientSessions) Waiting(ctx context.Context) (waiting int, next time.Time, err error) {
	var row struct {
		Waiting int  `db:"waiting"`
		Next    Time `db:"next"`
	}
	err = s.get(ctx, &row, `SELECT count(*) AS waiting, min(next_attempt_at) AS next FROM visits WHERE next_attempt_at IS NOT NULL`)
	return row.Waiting, row.Next.Time, err
}

// Claim takes the logout notice that has been due for longest at now: nobody else gets it before until, unless [ClientSessions.Defer] says so.
// ErrNotFound when no notice is due, or when another replica has just taken it.
func (s *ClientSessions) Claim(ctx context.Context, until, now time.Time) (ClientSession, error) {
	var c ClientSession
	err := s.getFresh(ctx, &c, `
		UPDATE visits SET next_attempt_at = ?
		WHERE next_attempt_at <= ? AND (sid, client_id) = (
			SELECT x.sid, x.client_id FROM visits x WHERE x.next_attempt_at <= ? ORDER BY x.next_attempt_at, x.sid, x.client_id LIMIT 1)
		RETURNING `+clientSessionColumns, At(until), At(now), At(now))
	return c, err
}

// Defer gives back a notice as [ClientSessions.Claim] returned it, with the Attempts, Failure and NextAttemptAt of next. ErrStale when the claim
// had ended and another replica has taken the notice, and when it is gone.
func (s *ClientSessions) Defer(ctx context.Context, claimed, next ClientSession) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE visits SET attempts = ?, failure = ?, next_attempt_at = ? WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		next.Attempts, next.Failure, next.NextAttemptAt, claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}

// Done records that a claimed notice was delivered. ErrStale as with [ClientSessions.Defer].
func (s *ClientSessions) Done(ctx context.Context, claimed ClientSession, at time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE visits SET delivered_at = ?, next_attempt_at = NULL, attempts = attempts + 1, failure = '', expires_at = ?
		WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		At(at), At(at.Add(clientSessionKept)), claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}

// GiveUp records that a claimed notice will not be delivered, and why. ErrStale as with [ClientSessions.Defer].
func (s *ClientSessions) GiveUp(ctx context.Context, claimed ClientSession, failure string, at time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE visits SET given_up_at = ?, next_attempt_at = NULL, attempts = attempts + 1, failure = ?, expires_at = ?
		WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		At(at), failure, At(at.Add(clientSessionKept)), claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}

// Drop forgets a claimed notice that its client does not want. ErrStale as with [ClientSessions.Defer].
func (s *ClientSessions) Drop(ctx context.Context, claimed ClientSession) error {
	return s.execOne(ctx, ErrStale, `DELETE FROM visits WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}
