package storage

import (
	"context"
	"time"
)

const recoveryPurpose = "recovery code"

// ReplaceRecoveryCodes makes codes (normalised) the only recovery codes of a user. They are stored as keyed hashes
// bound to the user: 50 bits would not withstand guessing behind a plain hash.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, userID string, codes []string) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if _, err := s.exec(ctx, `DELETE FROM recovery_codes WHERE user_id = ?`, userID); err != nil {
			return err
		}
		for _, code := range codes {
			if _, err := s.exec(ctx, `INSERT INTO recovery_codes (user_id, code_mac) VALUES (?, ?)`,
				userID, s.MAC(recoveryPurpose, userID, code)); err != nil {
				return err
			}
		}
		return nil
	})
}

// SpendRecoveryCode uses a code (normalised) up. ErrNotFound when the user has no such unused code.
func (s *Store) SpendRecoveryCode(ctx context.Context, userID, code string, now time.Time) error {
	return s.execOne(ctx, ErrNotFound, `
		UPDATE recovery_codes SET used_at = ? WHERE user_id = ? AND code_mac = ? AND used_at IS NULL`,
		At(now), userID, s.MAC(recoveryPurpose, userID, code))
}

// RecoveryCodesLeft counts a user's unused recovery codes.
func (s *Store) RecoveryCodesLeft(ctx context.Context, userID string) (int, error) {
	var left int
	err := s.get(ctx, &left, `SELECT count(*) FROM recovery_codes WHERE user_id = ? AND used_at IS NULL`, userID)
	return left, err
}
