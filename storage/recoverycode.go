package storage

import (
	"context"
	"encoding/json"
	"time"
)

// RecoveryCodes are the codes that replace a lost authenticator, each for one sign-in.
type RecoveryCodes struct{ *database }

const recoveryPurpose = "recovery code"

// Replace makes codes (normalised) the only recovery codes of a user. They are stored as keyed hashes that include the user, because a code
// has only 50 bits and could be guessed from a plain hash.
func (s *RecoveryCodes) Replace(ctx context.Context, userID string, codes []string) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, `DELETE FROM recovery_codes WHERE user_id = ?`, userID); err != nil {
			return err
		}
		for _, code := range codes {
			if _, err := s.exec(ctx, `INSERT INTO recovery_codes (user_id, code_mac) VALUES (?, ?)`,
				userID, s.mac(recoveryPurpose, userID, code)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Spend uses up a code (normalised). It returns ErrNotFound if the user has no such unused code.
func (s *RecoveryCodes) Spend(ctx context.Context, userID, code string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE recovery_codes SET used_at = ? WHERE user_id = ? AND code_mac = ? AND used_at IS NULL`,
		At(now), userID, s.mac(recoveryPurpose, userID, code))
}

// CountUnused counts a user's unused recovery codes.
func (s *RecoveryCodes) CountUnused(ctx context.Context, userID string) (int, error) {
	var left int
	err := s.get(ctx, &left, `SELECT count(*) FROM recovery_codes WHERE user_id = ? AND used_at IS NULL`, userID)
	return left, err
}

// CodeSheet is a set of recovery codes that was shown but is not in force yet: the earlier codes are, until the person confirms that they
// have saved the new ones. A user has one set at a time; beginning another one in another browser replaces it.
type CodeSheet struct {
	ID        string
	UserID    string
	Holder    string   // the browser in which it was shown
	Codes     []string // sealed in the database
	CreatedAt time.Time
	ExpiresAt time.Time
}

// StartSheet returns the set of the holder of c if it is still good at now, so that a reload and a second tab show the same codes.
// Otherwise it stores and returns c. It returns ErrNotFound if another set has replaced it meanwhile.
func (s *RecoveryCodes) StartSheet(ctx context.Context, c CodeSheet, now time.Time) (CodeSheet, error) {
	sealed, err := s.sealCodes(c.Codes, "code_sheets", c.ID)
	if err != nil {
		return CodeSheet{}, err
	}
	if _, err := s.exec(ctx, `
		INSERT INTO code_sheets (user_id, id, holder, codes_sealed, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, holder = excluded.holder, codes_sealed = excluded.codes_sealed,
			created_at = excluded.created_at, expires_at = excluded.expires_at
		WHERE code_sheets.expires_at <= ? OR code_sheets.holder <> excluded.holder OR code_sheets.codes_sealed IS NULL`,
		c.UserID, c.ID, c.Holder, sealed, At(c.CreatedAt), At(c.ExpiresAt), At(now)); err != nil {
		return CodeSheet{}, err
	}
	return s.Sheet(ctx, c.UserID, c.Holder, now)
}

// Sheet returns the set that a holder was shown. It returns ErrNotFound if there is none, it was put into force, or it has expired.
func (s *RecoveryCodes) Sheet(ctx context.Context, userID, holder string, now time.Time) (CodeSheet, error) {
	var row struct {
		ID        string `db:"id"`
		Codes     []byte `db:"codes_sealed"`
		CreatedAt Time   `db:"created_at"`
		ExpiresAt Time   `db:"expires_at"`
	}
	if err := s.get(ctx, &row, `
		SELECT id, codes_sealed, created_at, expires_at FROM code_sheets
		WHERE user_id = ? AND holder = ? AND expires_at > ? AND codes_sealed IS NOT NULL`,
		userID, holder, At(now)); err != nil {
		return CodeSheet{}, err
	}
	codes, err := s.openCodes(row.Codes, "code_sheets", row.ID)
	return CodeSheet{
		ID: row.ID, UserID: userID, Holder: holder, Codes: codes, CreatedAt: row.CreatedAt.Time, ExpiresAt: row.ExpiresAt.Time,
	}, err
}

// KeepSheet records that a set was put into force, and forgets its codes. It returns ErrStale if that was done before, or if the set has
// expired or was replaced.
func (s *RecoveryCodes) KeepSheet(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE code_sheets SET codes_sealed = NULL WHERE id = ? AND codes_sealed IS NOT NULL AND expires_at > ?`, id, At(now))
}

// SheetKept reports whether a user's set was put into force. It reports false once the set is swept.
func (s *RecoveryCodes) SheetKept(ctx context.Context, userID, id string) (bool, error) {
	var kept int
	err := s.get(ctx, &kept, `SELECT count(*) FROM code_sheets WHERE user_id = ? AND id = ? AND codes_sealed IS NULL`, userID, id)
	return kept > 0, err
}

// sealCodes seals recovery codes for the column codes_sealed of a table.
func (s *database) sealCodes(codes []string, table, id string) ([]byte, error) {
	text, err := json.Marshal(codes)
	if err != nil {
		return nil, err
	}
	return s.keyset.Seal(text, table, "codes_sealed", id)
}

func (s *database) openCodes(sealed []byte, table, id string) (codes []string, err error) {
	text, err := s.keyset.Open(sealed, table, "codes_sealed", id)
	if err != nil {
		return nil, err
	}
	return codes, json.Unmarshal(text, &codes)
}
