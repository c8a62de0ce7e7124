package storage

import (
	"context"
	"time"
)

// Enrolments are the authenticators that are being enrolled.
type Enrolments struct{ *database }

// EnrolmentKind says what the new authenticator is for.
type EnrolmentKind string

const (
	EnrolFirst     EnrolmentKind = "first"     // the first factor of an invited person
	EnrolRecovered EnrolmentKind = "recovered" // replaces all, which were lost
	EnrolAdd       EnrolmentKind = "add"       // is added to the others
	EnrolReplace   EnrolmentKind = "replace"   // replaces one
)

// Purpose says what an enrolment was begun for. An enrolment that was begun for one purpose cannot be found for another.
type Purpose struct {
	UserID   string
	Kind     EnrolmentKind
	Replaces string // id of the authenticator that EnrolReplace replaces
	// Holder is the session or browser that began the enrolment, so that nobody is shown a secret that somebody else has seen. It is empty
	// for EnrolFirst, which belongs to the person with the link.
	Holder string
}

// Enrolment is an authenticator that is being enrolled: it was shown as a QR code and perhaps confirmed by a code, but is not a factor yet.
// A user has one at a time; beginning another one for another purpose replaces it.
type Enrolment struct {
	Purpose
	ID        string
	Secret    []byte // sealed in the database
	Algorithm string
	Digits    int
	Period    int // seconds
	Failures  int
	// ConfirmedStep is the time step of the code that confirmed it; zero: not confirmed.
	ConfirmedStep int64
	// RecoveryCodes are the codes shown after the confirmation, until the person has acknowledged them. They are sealed in the database.
	RecoveryCodes []string
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

type enrolmentRow struct {
	ID            string `db:"id"`
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

// Start returns the user's enrolment for the purpose of e if it is still good at now, so that a reload shows the same secret. Otherwise it
// stores and returns e. It returns ErrNotFound if another enrolment has replaced it meanwhile.
func (s *Enrolments) Start(ctx context.Context, e Enrolment, now time.Time) (Enrolment, error) {
	sealed, err := s.keyset.Seal(e.Secret, "enrolments", "secret_sealed", e.ID)
	if err != nil {
		return Enrolment{}, err
	}
	if _, err := s.exec(ctx, `
		INSERT INTO enrolments (user_id, purpose, replaces, holder, id, secret_sealed, algorithm, digits, period, failures,
			created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET purpose = excluded.purpose, replaces = excluded.replaces, holder = excluded.holder,
			id = excluded.id, secret_sealed = excluded.secret_sealed, algorithm = excluded.algorithm,
			digits = excluded.digits, period = excluded.period, failures = 0, confirmed_step = NULL, codes_sealed = NULL,
			created_at = excluded.created_at, expires_at = excluded.expires_at
		WHERE enrolments.expires_at <= ? OR enrolments.purpose <> excluded.purpose OR enrolments.replaces <> excluded.replaces
			OR enrolments.holder <> excluded.holder`,
		e.UserID, string(e.Kind), e.Replaces, e.Holder, e.ID, sealed, e.Algorithm, e.Digits, e.Period, At(e.CreatedAt),
		At(e.ExpiresAt), At(now)); err != nil {
		return Enrolment{}, err
	}
	return s.ByPurpose(ctx, e.Purpose, now)
}

// ByPurpose returns the enrolment for a purpose. It returns ErrNotFound if there is none or it has expired.
func (s *Enrolments) ByPurpose(ctx context.Context, p Purpose, now time.Time) (Enrolment, error) {
	var row enrolmentRow
	if err := s.get(ctx, &row, `
		SELECT id, secret_sealed, algorithm, digits, period, failures, coalesce(confirmed_step, 0) AS confirmed_step,
			codes_sealed, created_at, expires_at
		FROM enrolments WHERE user_id = ? AND purpose = ? AND replaces = ? AND holder = ? AND expires_at > ?`,
		p.UserID, string(p.Kind), p.Replaces, p.Holder, At(now)); err != nil {
		return Enrolment{}, err
	}
	secret, err := s.keyset.Open(row.Secret, "enrolments", "secret_sealed", row.ID)
	if err != nil {
		return Enrolment{}, err
	}
	e := Enrolment{
		Purpose: p, ID: row.ID, Secret: secret, Algorithm: row.Algorithm, Digits: row.Digits, Period: row.Period,
		Failures: row.Failures, ConfirmedStep: row.ConfirmedStep, CreatedAt: row.CreatedAt.Time, ExpiresAt: row.ExpiresAt.Time,
	}
	if row.Codes != nil {
		e.RecoveryCodes, err = s.openCodes(row.Codes, "enrolments", row.ID)
	}
	return e, err
}

// Confirm records the time step of the code that confirmed an enrolment, the recovery codes that are shown, and its new expiry. It returns
// ErrStale if the enrolment was replaced or confirmed meanwhile.
func (s *Enrolments) Confirm(ctx context.Context, id string, step int64, codes []string, expires time.Time) error {
	sealed, err := s.sealCodes(codes, "enrolments", id)
	if err != nil {
		return err
	}
	return s.execOne(ctx, ErrStale, `
		UPDATE enrolments SET confirmed_step = ?, codes_sealed = ?, expires_at = ? WHERE id = ? AND confirmed_step IS NULL`,
		step, sealed, At(expires), id)
}

// CountFailure counts a wrong code and returns how many there were. It returns ErrNotFound if the enrolment is gone.
func (s *Enrolments) CountFailure(ctx context.Context, id string) (int, error) {
	var failures int
	err := s.getFresh(ctx, &failures, `UPDATE enrolments SET failures = failures + 1 WHERE id = ? RETURNING failures`, id)
	return failures, err
}

// End removes an enrolment. It returns ErrStale if it was removed already, so that an enrolment becomes one authenticator at most.
func (s *Enrolments) End(ctx context.Context, id string) error {
	return s.execOne(ctx, ErrStale, `DELETE FROM enrolments WHERE id = ?`, id)
}

// EndOfUser removes the enrolment of a user, if there is one.
func (s *Enrolments) EndOfUser(ctx context.Context, userID string) error {
	_, err := s.exec(ctx, `DELETE FROM enrolments WHERE user_id = ?`, userID)
	return err
}
