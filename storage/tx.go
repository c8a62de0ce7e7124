package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

type txKey struct{}

// InTx runs do in one transaction, which is carried in the context that do is given: every method of the store that is called with that
// context takes part. A nested InTx joins the outer transaction. If do returns an error, InTx rolls back and returns it. After a statement
// has failed, do must return, because PostgreSQL refuses all further statements of the transaction.
//
// do may run more than once: it runs again if the database has rolled back its transaction in favour of another one. So do must reset the
// variables that it shares with its caller, and do nothing that a rollback does not undo.
//
// Whatever must be kept when an attempt is refused (counters, revocations, audit entries) is therefore written after InTx has returned the
// refusal, never inside it.
func (s opened) InTx(ctx context.Context, do func(context.Context) error) error {
	return s.inTx(ctx, do)
}

func (s *database) inTx(ctx context.Context, do func(context.Context) error) error {
	if ctx.Value(txKey{}) != nil {
		return do(ctx)
	}
	return s.retry(ctx, func() error { return s.tryTx(ctx, do) })
}

func (s *database) tryTx(ctx context.Context, do func(context.Context) error) (err error) {
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return mapError(s.dialect, err)
	}
	defer func() {
		if r := recover(); r != nil {
			_ = s.rollBack(tx) // the panic matters more
			panic(r)
		}
	}()
	if err := do(context.WithValue(ctx, txKey{}, tx)); err != nil {
		return errors.Join(err, s.rollBack(tx))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", mapError(s.dialect, err))
	}
	return nil
}

// Snapshot runs do with a context in which all reads see the database as it was at one moment, however long do takes and whatever others
// write meanwhile. do must not write.
func (s opened) Snapshot(ctx context.Context, do func(context.Context) error) error {
	tx, err := s.beginResting(ctx, s.reader, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(do(context.WithValue(ctx, txKey{}, tx)), s.rollBack(tx))
}

// beginResting begins a transaction that may be idle between its statements for as long as it likes.
func (s *database) beginResting(ctx context.Context, pool *sqlx.DB, opts *sql.TxOptions) (*sqlx.Tx, error) {
	tx, err := pool.BeginTxx(ctx, opts)
	if err != nil || s.dialect.singleWriter {
		return tx, mapError(s.dialect, err)
	}
	if _, err := tx.ExecContext(ctx, `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
		return nil, errors.Join(mapError(s.dialect, err), s.rollBack(tx))
	}
	return tx, nil
}

// rollBack rolls back tx. It is no error if tx has ended with its context or its connection, which rolls it back as well.
func (s *database) rollBack(tx *sqlx.Tx) error {
	err := mapError(s.dialect, tx.Rollback())
	if err != nil && !errors.Is(err, sql.ErrTxDone) && !errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// Confirm waits until everything that was read so far is as durable as a commit. Call it before an answer that depends on a row that
// another request has written, unless the answer writes something itself: until a synchronous standby has that row too, a failover may undo
// it.
func (s *Store) Confirm(ctx context.Context) error {
	if s.dialect.barrier == "" {
		return nil
	}
	_, err := s.exec(ctx, s.dialect.barrier)
	return err
}

const (
	victimTries = 5
	victimPause = 20 * time.Millisecond
)

// retry runs a transaction, or a single statement, and runs it again if the database has rolled it back, or not begun it, in favour of
// another one.
func (s *database) retry(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || try == victimTries || !s.dialect.victim(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try) * victimPause):
		}
	}
}
