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

// InTx runs do in one transaction, carried in the context it is given: every method of the store called with that
// context takes part. A nested call joins the outer transaction. An error from do rolls back and is returned.
// After a statement has failed, do must return: PostgreSQL refuses all others in that transaction.
//
// do may run more than once: it runs again when the database has undone its transaction in favour of another one. So do resets the
// variables that it shares with its caller each time, and does nothing that a rollback does not undo.
//
// What must stay when an attempt is refused (counters, revocations, audit entries) is therefore written after InTx has
// returned the refusal, never inside it.
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
			_ = s.rollBack(tx) // the panic says more
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

// Snapshot runs do with a context in which everything is read as it was at one moment, however long do takes and whatever others write
// meanwhile. do only reads.
func (s opened) Snapshot(ctx context.Context, do func(context.Context) error) error {
	tx, err := s.beginResting(ctx, s.reader, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(do(context.WithValue(ctx, txKey{}, tx)), s.rollBack(tx))
}

// beginResting begins a transaction that may rest between its statements for longer than others may.
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

// rollBack ends tx. It is no error that tx has ended already, because its context or its connection did: that undoes it as well.
func (s *database) rollBack(tx *sqlx.Tx) error {
	err := mapError(s.dialect, tx.Rollback())
	if err != nil && !errors.Is(err, sql.ErrTxDone) && !errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// Confirm returns when everything that was read so far is as durable as a commit. Call it before an answer that depends on a row another
// request has written, if the answer writes nothing itself: until a synchronous standby has that row too, a failover may undo it.
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

// retry runs a transaction, or a statement that is one by itself, again when the database has undone it, or not begun it, in favour of
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
