package storage

import (
	"context"
	"encoding/json"
	"time"
)

// Enrolment is an authenticator on its way: shown as a QR code, perhaps confirmed by a code, not yet a factor. A user
// has one at a time; a newer one replaces it.
type Enrolment struct {
	ID        string
	UserID    string
	Secret    []byte // sealed in the database
	Algorithm string
	Digits    int
	Period    int // seconds
	Failures  int
	// ConfirmedStep is the time step of the code that confirmed it, zero before.
	ConfirmedStep int64
	// RecoveryCodes are the codes shown after the confirmation, sealed in the database until they are acknowledged.
	RecoveryCodes []string
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

type enrolmentRow struct {
	ID            string `db:"id"`
	UserID        string `db:"user_id"`
	Secret        []byte `db:"secret_sealed"`
	Algorithm     string `db:"algorithm"`
	Digits        int    `db:"digits"`
	Period        int    `db:"period"`
	Failures      int    `db:"failures"`
	ConfirmedStep int64  `db:"confirmed_step"`
	Codes         []byte `db:"codes_sealed"`
	CreatedAt     Time   `db:"created_at"`
	ExpiresAt     Time   `db:"expires_at"`
}

// StartEnrolment stores e unless the user has one that is still good at now, and returns the one that stands: a reload
// shows the same secret.
func (s *Store) StartEnrolment(ctx context.Context, e Enrolment, now time.Time) (Enrolment, error) {
	sealed, err := s.keyset.Seal(e.Secret, "enrolments", "secret_sealed", e.ID)
	if err != nil {
		return Enrolment{}, err
	}
	if _, err := s.exec(ctx, `
		INSERT INTO enrolments (user_id, id, secret_sealed, algorithm, digits, period, failures, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, secret_sealed = excluded.secret_sealed, algorithm = excluded.algorithm,
			digits = excluded.digits, period = excluded.period, failures = 0, confirmed_step = NULL, codes_sealed = NULL,
			created_at = excluded.created_at, expires_at = excluded.expires_at
		WHERE enrolments.expires_at <= ?`,
		e.UserID, e.ID, sealed, e.Algorithm, e.Digits, e.Period, At(e.CreatedAt), At(e.ExpiresAt), At(now)); err != nil {
		return Enrolment{}, err
	}
	return s.Enrolment(ctx, e.UserID, now)
}

// Enrolment returns a user's pending authenticator, or ErrNotFound when there is none or it has expired.
func (s *Store) Enrolment(ctx context.Context, userID string, now time.Time) (Enrolment, error) {
	var row enrolmentRow
	if err := s.get(ctx, &row, `
		SELECT id, user_id, secret_sealed, algorithm, digits, period, failures, coalesce(confirmed_step, 0) AS confirmed_step,
			codes_sealed, created_at, expires_at
		FROM enrolments WHERE user_id = ? AND expires_at > ?`, userID, At(now)); err != nil {
		return Enrolment{}, err
	}
	secret, err := s.keyset.Open(row.Secret, "enrolments", "secret_sealed", row.ID)
	if err != nil {
		return Enrolment{}, err
	}
	e := Enrolment{
		ID: row.ID, UserID: row.UserID, Secret: secret, Algorithm: row.Algorithm, Digits: row.Digits, Period: row.Period,
		Failures: row.Failures, ConfirmedStep: row.ConfirmedStep, CreatedAt: row.CreatedAt.Time, ExpiresAt: row.ExpiresAt.Time,
	}
	if row.Codes != nil {
		codes, err := s.keyset.Open(row.Codes, "enrolments", "codes_sealed", row.ID)
		if err != nil {
			return Enrolment{}, err
		}
		if err := json.Unmarshal(codes, &e.RecoveryCodes); err != nil {
			return Enrolment{}, err
		}
	}
	return e, nil
}

// ConfirmEnrolment notes that the right code of a time step was typed and which recovery codes are shown. ErrStale when
// the enrolment was replaced or confirmed meanwhile.
func (s *Store) ConfirmEnrolment(ctx context.Context, id string, step int64, codes []string, expires time.Time) error {
	text, err := json.Marshal(codes)
	if err != nil {
		return err
	}
	sealed, err := s.keyset.Seal(text, "enrolments", "codes_sealed", id)
	if err != nil {
		return err
	}
	return s.execOne(ctx, ErrStale, `
		UPDATE enrolments SET confirmed_step = ?, codes_sealed = ?, expires_at = ? WHERE id = ? AND confirmed_step IS NULL`,
		step, sealed, At(expires), id)
}

// CountEnrolmentFailure counts a wrong code and returns how many there were; ErrNotFound when the enrolment is gone.
func (s *Store) CountEnrolmentFailure(ctx context.Context, id string) (int, error) {
	var failures int
	err := s.getFresh(ctx, &failures, `UPDATE enrolments SET failures = failures + 1 WHERE id = ? RETURNING failures`, id)
	return failures, err
}

// EndEnrolment removes a pending authenticator: ErrStale when somebody else has, so that one enrolment becomes one
// authenticator at most.
func (s *Store) EndEnrolment(ctx context.Context, id string) error {
	return s.execOne(ctx, ErrStale, `DELETE FROM enrolments WHERE id = ?`, id)
}
