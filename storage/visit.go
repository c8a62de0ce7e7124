package storage

import (
	"context"
	"errors"
	"time"
)

// visitKept is how long a visit is kept after its session would have ended by itself, or after the client was told: longer than anybody tries
// to tell it.
const visitKept = 7 * 24 * time.Hour

// Visit is that a session has been at a client which wants to be told when the session ends, and what has come of telling it.
type Visit struct {
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

const visitColumns = `sid, client_id, user_id, attempts, next_attempt_at, failure, delivered_at, given_up_at, expires_at`

// AddVisit notes that a session is at a client. ErrStale when the session has ended. Call it in the transaction that gives the client what
// the session is for, after the grant, whose user is locked first by all: the session then cannot end before both are there.
func (s *Store) AddVisit(ctx context.Context, signIn SignIn, clientID string, now time.Time) error {
	return s.InTx(ctx, func(ctx context.Context) error {
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
			signIn.ID(), clientID, signIn.User().ID, At(ends.Add(visitKept)))
		return err
	})
}

// Visits returns the visits of a session, whether it lives or not, in the order of their clients.
func (s *Store) Visits(ctx context.Context, sid string) ([]Visit, error) {
	var visits []Visit
	err := s.list(ctx, &visits, `SELECT `+visitColumns+` FROM visits WHERE sid = ? ORDER BY client_id`, sid)
	return visits, err
}

// WaitingVisits returns of how many visits clients are still to be told that they are over, and when the first of them is due: zero when there
// is none.
func (s *Store) WaitingVisits(ctx context.Context) (waiting int, next time.Time, err error) {
	var row struct {
		Waiting int  `db:"waiting"`
		Next    Time `db:"next"`
	}
	err = s.get(ctx, &row, `SELECT count(*) AS waiting, min(next_attempt_at) AS next FROM visits WHERE next_attempt_at IS NOT NULL`)
	return row.Waiting, row.Next.Time, err
}

// ClaimVisit takes the visit that has been due for longest at now: nobody else gets it before until, unless DeferVisit says so. ErrNotFound
// when none is due, or when another has just taken it.
func (s *Store) ClaimVisit(ctx context.Context, until, now time.Time) (Visit, error) {
	var v Visit
	err := s.getFresh(ctx, &v, `
		UPDATE visits SET next_attempt_at = ?
		WHERE next_attempt_at <= ? AND (sid, client_id) = (
			SELECT x.sid, x.client_id FROM visits x WHERE x.next_attempt_at <= ? ORDER BY x.next_attempt_at, x.sid, x.client_id LIMIT 1)
		RETURNING `+visitColumns, At(until), At(now), At(now))
	return v, err
}

// DeferVisit gives back a visit as ClaimVisit returned it, with the Attempts, Failure and NextAttemptAt of next. ErrStale when the claim had
// ended and another has taken the visit, and when it is gone.
func (s *Store) DeferVisit(ctx context.Context, claimed, next Visit) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE visits SET attempts = ?, failure = ?, next_attempt_at = ? WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		next.Attempts, next.Failure, next.NextAttemptAt, claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}

// DeliverVisit notes that the client of a claimed visit was told. ErrStale as with DeferVisit.
func (s *Store) DeliverVisit(ctx context.Context, claimed Visit, at time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE visits SET delivered_at = ?, next_attempt_at = NULL, attempts = attempts + 1, failure = '', expires_at = ?
		WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		At(at), At(at.Add(visitKept)), claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}

// GiveUpVisit notes that the client of a claimed visit will not be told, and why. ErrStale as with DeferVisit.
func (s *Store) GiveUpVisit(ctx context.Context, claimed Visit, failure string, at time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE visits SET given_up_at = ?, next_attempt_at = NULL, attempts = attempts + 1, failure = ?, expires_at = ?
		WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		At(at), failure, At(at.Add(visitKept)), claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}

// DropVisit forgets a claimed visit whose client has nothing to be told. ErrStale as with DeferVisit.
func (s *Store) DropVisit(ctx context.Context, claimed Visit) error {
	return s.execOne(ctx, ErrStale, `DELETE FROM visits WHERE sid = ? AND client_id = ? AND next_attempt_at = ?`,
		claimed.SID, claimed.ClientID, claimed.NextAttemptAt)
}
