package storage

import (
	"context"
	"errors"
	"fmt"
)

// sealedColumns are all columns that the keyset seals, each with the column whose value names the row in the seal. An empty value is not a
// secret.
var sealedColumns = []struct{ table, row, column string }{
	{"secrets", "name", "value_sealed"},
	{"authenticators", "id", "secret_sealed"},
	{"enrolments", "id", "secret_sealed"},
	{"enrolments", "id", "codes_sealed"},
	{"code_sheets", "id", "codes_sealed"},
	{"signing_keys", "id", "private_sealed"},
	{"outbox", "id", "body_sealed"},
	{"outbox", "id", "html_sealed"},
}

// Reseal seals every stored secret with the primary key of the keyset, batch rows in a transaction, and returns how many were sealed with
// another key before. It can be stopped at any time and called again. A secret that cannot be decrypted is left as it is: Reseal goes on,
// and at the end returns ErrSealed with all of these rows. progress, unless nil, is called with the number of secrets that were checked and
// the total.
func (s *Store) Reseal(ctx context.Context, batch int, progress func(done, total int)) (int, error) {
	total, seen := 0, 0
	all, err := s.countSealed(ctx)
	if err != nil {
		return 0, err
	}
	var failed error
	for _, c := range sealedColumns {
		for after, done := "", false; !done; {
			var rewritten int
			var rows []sealedRow
			var closed error
			err := s.inTx(ctx, func(ctx context.Context) error {
				rows, closed = nil, nil
				if err := s.list(ctx, &rows, fmt.Sprintf(`
					SELECT %[2]s AS id, %[3]s AS sealed FROM %[1]s WHERE %[2]s > ? AND length(%[3]s) > 0 ORDER BY %[2]s LIMIT ?`,
					c.table, c.row, c.column), after, batch); err != nil {
					return err
				}
				var err error
				rewritten, err = s.resealRows(ctx, c.table, c.row, c.column, rows)
				if errors.Is(err, ErrSealed) {
					closed = err
					return nil
				}
				return err
			})
			if err != nil {
				return total, err
			}
			if done = len(rows) < batch; len(rows) > 0 {
				after = rows[len(rows)-1].ID
			}
			failed = errors.Join(failed, closed)
			total += rewritten
			if seen += len(rows); progress != nil {
				progress(seen, all)
			}
		}
	}
	return total, failed
}

// countSealed counts the stored secrets.
func (s *Store) countSealed(ctx context.Context) (all int, err error) {
	for _, c := range sealedColumns {
		var count int
		if err := s.get(ctx, &count, fmt.Sprintf(`SELECT count(*) FROM %s WHERE length(%s) > 0`, c.table, c.column)); err != nil {
			return 0, err
		}
		all += count
	}
	return all, nil
}

type sealedRow struct {
	ID     string `db:"id"`
	Sealed []byte `db:"sealed"`
}

func (s *Store) resealRows(ctx context.Context, table, key, column string, rows []sealedRow) (rewritten int, failed error) {
	for _, row := range rows {
		if s.keyset.Current(row.Sealed) {
			continue
		}
		plain, err := s.keyset.Open(row.Sealed, table, column, row.ID)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("row %s: %w", row.ID, err))
			continue
		}
		sealed, err := s.keyset.Seal(plain, table, column, row.ID)
		if err != nil {
			return rewritten, err
		}
		// Replace only the value that was read: somebody may have changed it meanwhile.
		changed, err := s.exec(ctx, fmt.Sprintf(`UPDATE %s SET %s = ? WHERE %s = ? AND %s = ?`, table, column, key, column),
			sealed, row.ID, row.Sealed)
		if err != nil {
			return rewritten, err
		}
		rewritten += int(changed)
	}
	return rewritten, failed
}
