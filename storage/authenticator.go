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
	Kind       string // the type of second factor, such as KindTOTP; it determines what Secret and LastStep mean
	Name       string // may be empty
	Secret     []byte // sealed in the database
	Algorithm  string // of TOTP: SHA1, SHA256 or SHA512
	Digits     int    // of TOTP
	Period     int    // of TOTP: seconds
	LastStep   int64  // the last time step or counter value that was accepted; it only rises
	CreatedAt  time.Time
	LastUsedAt time.Time // zero: never since it was enrolled
	// Renew says that the secret is too short, so that the next sign-in with it leads to the enrolment of a new authenticator.
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

// Add inserts a confirmed authenticator and seals its secret.
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

// OfUser returns a user's authenticators, oldest first. It leaves out those whose secret cannot be decrypted, and returns ErrSealed if
// there are only such.
func (s *Authenticators) OfUser(ctx context.Context, userID string) ([]Authenticator, error) {
	var rows []authenticatorRow
	if err := s.list(ctx, &rows, `
		SELECT `+authenticatorColumns+` FROM authenticators a WHERE a.user_id = ? ORDER BY a.created_at, a.id`, userID); err != nil {
		return nil, err
	}
	return s.openAuthenticators(rows)
}

// openAuthenticators leaves out a row whose secret cannot be decrypted, so that one damaged row does not keep the person from using the
// other authenticators. It returns ErrSealed if there are rows and none can be decrypted.
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

// SpendSteps uses up the time steps of a code that was right: steps holds one for each authenticator that the code matches, by the
// authenticator's id (RFC 6238 section 5.2). It returns ErrStale unless each step is later than the last one that its authenticator
// accepted. So a code signs in once, whichever replicas see it and however many authenticators share its secret.
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

// RewindSteps lets a user's authenticators accept the next code again, after a server whose clock was fast accepted a code with a time step
// in the future. A code that was typed while the clock was fast can then be used once more when its time comes.
func (s *Authenticators) RewindSteps(ctx context.Context, userID string, now time.Time) error {
	seconds := now.Unix()
	_, err := s.exec(ctx, `
		UPDATE authenticators SET last_step = CAST(? AS BIGINT) / period
		WHERE user_id = ? AND last_step > CAST(? AS BIGINT) / nullif(period, 0) + 1`,
		seconds, userID, seconds)
	return err
}

// Count returns how many authenticators a user has, including those whose secret cannot be decrypted.
func (s *Authenticators) Count(ctx context.Context, userID string) (int, error) {
	var count int
	err := s.get(ctx, &count, `SELECT count(*) FROM authenticators WHERE user_id = ?`, userID)
	return count, err
}

// Rename changes the name of a user's authenticator. It returns ErrNotFound if the user has no such authenticator.
func (s *Authenticators) Rename(ctx context.Context, userID, id, name string) error {
	return s.execOne(ctx, ErrNotFound, `UPDATE authenticators SET name = ? WHERE id = ? AND user_id = ?`, name, id, userID)
}

// Remove deletes one of a user's authenticators, but never the last. It returns ErrStale if the user does not have that authenticator, or
// has no other. Removals wait for one another, because two simultaneous ones could otherwise each rely on the authenticator that the other
// removes.
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
