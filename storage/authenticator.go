package storage

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Authenticators are the confirmed authenticators of people.
type Authenticators struct{ *database }

// KindTOTP is the kind of TOTP authenticators (RFC 6238).
const KindTOTP = "totp"

// Authenticator is a confirmed second factor of a user that is not a recovery code.
type Authenticator struct {
	ID         string
	UserID     string
	Kind       string // which sort of second factor it is, such as KindTOTP; it says what Secret and LastStep mean
	Name       string // may be empty
	Secret     []byte // sealed in the database
	Algorithm  string // of TOTP: SHA1, SHA256 or SHA512
	Digits     int    // of TOTP
	Period     int    // of TOTP: seconds
	LastStep   int64  // the last time step or count that was accepted; it only rises
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never since its enrolment
	// Renew says that the secret is short and that the next sign-in with it leads to a new authenticator.
	Renew bool
}

type authenticatorRow struct {
	ID         string `db:"id"`
	UserID     string `db:"user_id"`
	Kind       string `db:"kind"`
	Name       string `db:"name"`
	Secret     []byte `db:"secret_sealed"`
	Algorithm  string `db:"algorithm"`
	Digits     int    `db:"digits"`
	Period     int    `db:"period"`
	LastStep   int64  `db:"last_step"`
	CreatedAt  Time   `db:"created_at"`
	LastUsedAt Time   `db:"last_used_at"`
	Renew      bool   `db:"renew"`
}

func (s *database) openAuthenticator(row authenticatorRow) (Authenticator, error) {
	secret, err := s.keyset.Open(row.Secret, "authenticators", "secret_sealed", row.ID)
	return Authenticator{
		ID: row.ID, UserID: row.UserID, Kind: row.Kind, Name: row.Name, Secret: secret,
		Algorithm: row.Algorithm, Digits: row.Digits, Period: row.Period, LastStep: row.LastStep,
		CreatedAt: row.CreatedAt.Time, LastUsedAt: row.LastUsedAt.Time, Renew: row.Renew,
	}, err
}

// Add inserts a confirmed authenticator, sealing its secret.
func (s *Authenticators) Add(ctx context.Context, a Authenticator) error {
	sealed, err := s.keyset.Seal(a.Secret, "authenticators", "secret_sealed", a.ID)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `
		INSERT INTO authenticators (id, user_id, kind, name, secret_sealed, algorithm, digits, period, last_step, created_at, last_used_at, renew)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, a.UserID, a.Kind, a.Name, sealed, a.Algorithm, a.Digits, a.Period, a.LastStep, At(a.CreatedAt), At(a.LastUsedAt), a.Renew)
	return err
}

const authenticatorColumns = `a.id, a.user_id, a.kind, a.name, a.secret_sealed, a.algorithm, a.digits, a.period, a.last_step, a.created_at, a.last_used_at, a.renew`

// OfUser returns a user's authenticators, oldest first.
func (s *Authenticators) OfUser(ctx context.Context, userID string) ([]Authenticator, error) {
	var rows []authenticatorRow
	if err := s.list(ctx, &rows, `
		SELECT `+authenticatorColumns+` FROM authenticators a WHERE a.user_id = ? ORDER BY a.created_at, a.id`, userID); err != nil {
		return nil, err
	}
	return s.openAuthenticators(rows)
}

// openAuthenticators leaves out a row whose secret does not open, so that one damaged row does not lock out
// the person's other authenticators. It returns ErrSealed when no secret opens.
func (s *database) openAuthenticators(rows []authenticatorRow) ([]Authenticator, error) {
	opened := make([]Authenticator, 0, len(rows))
	var failed error
	for _, row := range rows {
		a, err := s.openAuthenticator(row)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		opened = append(opened, a)
	}
	if len(opened) > 0 {
		return opened, nil
	}
	return nil, failed
}

// SpendSteps uses up one time step of each authenticator that a code belongs to, by the authenticators' ids (RFC 6238 section 5.2). Each step
// must be later than every step that its authenticator accepted before, else ErrStale. So one code signs in once, on whichever replica, and
// however many authenticators share its secret.
func (s *Authenticators) SpendSteps(ctx context.Context, steps map[string]int64, now time.Time) error {
	var cases, ids []any
	for id, step := range steps {
		cases, ids = append(cases, id, step), append(ids, id)
	}
	stepOf := "CASE id" + strings.Repeat(" WHEN ? THEN CAST(? AS BIGINT)", len(ids)) + " END"
	args := append(append(append(slices.Clone(cases), At(now)), ids...), cases...)
	changed, err := s.exec(ctx, `
		UPDATE authenticators SET last_step = `+stepOf+`, last_used_at = ?
		WHERE id IN (`+marks(len(ids))+`) AND last_step < `+stepOf, args...)
	if err == nil && changed != int64(len(ids)) {
		return ErrStale
	}
	return err
}

// RewindSteps lets a user's authenticators accept codes again after one was accepted from the future because a clock ran ahead: the next code
// counts. A code that was typed while the clock ran ahead can then be used once more when its time comes.
func (s *Authenticators) RewindSteps(ctx context.Context, userID string, now time.Time) error {
	seconds := now.Unix()
	_, err := s.exec(ctx, `
		UPDATE authenticators SET last_step = CAST(? AS BIGINT) / period
		WHERE user_id = ? AND last_step > CAST(? AS BIGINT) / nullif(period, 0) + 1`,
		seconds, userID, seconds)
	return err
}

// Count returns how many authenticators a user has, those whose secret does not open included.
func (s *Authenticators) Count(ctx context.Context, userID string) (int, error) {
	var count int
	err := s.get(ctx, &count, `SELECT count(*) FROM authenticators WHERE user_id = ?`, userID)
	return count, err
}

// Rename changes the name of a user's authenticator: ErrNotFound when the user has no such authenticator.
func (s *Authenticators) Rename(ctx context.Context, userID, id, name string) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE authenticators SET name = ? WHERE id = ? AND user_id = ?`, name, id, userID)
}

// Remove deletes one of a user's authenticators, never the last: ErrStale when the user has no other, or not that one.
// Removals wait for one another: otherwise two at once could each count on the other authenticator.
func (s *Authenticators) Remove(ctx context.Context, userID, id string) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, `UPDATE users SET epoch = epoch WHERE id = ?`, userID); err != nil {
			return err
		}
		return s.execOne(ctx, ErrStale, `
			DELETE FROM authenticators WHERE id = ? AND user_id = ?
				AND EXISTS (SELECT 1 FROM authenticators o WHERE o.user_id = ? AND o.id <> ?)`, id, userID, userID, id)
	})
}
