package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

type txKey struct{}

// InTx runs do in one transaction, carried in the context it is given: every method of the store called with that
// context takes part. A nested call joins the outer transaction. An error from do rolls back and is returned.
// After a statement has failed, do must return: PostgreSQL answers no other in that transaction.
//
// What must stay when an attempt is refused (counters, revocations, audit entries) is therefore written after InTx has
// returned the refusal, never inside it.
func (s *Store) InTx(ctx context.Context, do func(context.Context) error) (err error) {
	if ctx.Value(txKey{}) != nil {
		return do(ctx)
	}
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return mapError(s.dialect, err)
	}
	defer func() {
		if r := recover(); r != nil {
			_ = rollBack(tx) // the panic says more
			panic(r)
		}
	}()
	if err := do(context.WithValue(ctx, txKey{}, tx)); err != nil {
		return errors.Join(err, rollBack(tx))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", mapError(s.dialect, err))
	}
	return nil
}

// rollBack ends tx. One that the driver has ended already, because its context or connection did, is no error.
func rollBack(tx *sqlx.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}
