package storage

import "context"

// RekeyEmails does what step 31 of the schema does.
func RekeyEmails(ctx context.Context, s *Store) error {
	tx, err := s.writer.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := s.rekeyEmails(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}
