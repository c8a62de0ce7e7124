package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/jmoiron/sqlx"
)

// run runs a statement in the transaction of ctx, or if there is none, on its own on pool p.
func (s *database) run(ctx context.Context, p *sqlx.DB, statement func(on sqlx.ExtContext) error) error {
	if tx, ok := ctx.Value(txKey{}).(*sqlx.Tx); ok {
		return mapError(s.dialect, statement(tx))
	}
	return s.retry(ctx, func() error { return mapError(s.dialect, statement(p)) })
}

// get scans the only row of a read-only query into dest, a struct with db tags or a single value. It returns ErrNotFound if there is no
// row.
func (s *database) get(ctx context.Context, dest any, query string, args ...any) error {
	return s.getFrom(ctx, s.reader, dest, query, args...)
}

// getFresh is like get, for a statement that writes (RETURNING).
func (s *database) getFresh(ctx context.Context, dest any, query string, args ...any) error {
	return s.getFrom(ctx, s.writer, dest, query, args...)
}

func (s *database) getFrom(ctx context.Context, p *sqlx.DB, dest any, query string, args ...any) error {
	err := s.run(ctx, p, func(on sqlx.ExtContext) error { return sqlx.GetContext(ctx, on, dest, p.Rebind(query), args...) })
	if errors.Is(err, ErrText) {
		return ErrNotFound // no row contains such a text
	}
	return err
}

// list scans all rows of a read-only query into the slice dest points to.
func (s *database) list(ctx context.Context, dest any, query string, args ...any) error {
	return s.listFrom(ctx, s.reader, dest, query, args...)
}

func (s *database) listFrom(ctx context.Context, p *sqlx.DB, dest any, query string, args ...any) error {
	return s.run(ctx, p, func(on sqlx.ExtContext) error {
		reflect.ValueOf(dest).Elem().SetZero() // sqlx appends
		return sqlx.SelectContext(ctx, on, dest, p.Rebind(query), args...)
	})
}

// exec runs a statement and returns how many rows it changed.
func (s *database) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	err = s.run(ctx, s.writer, func(on sqlx.ExtContext) error {
		result, err := on.ExecContext(ctx, s.writer.Rebind(query), args...)
		if err == nil {
			changed, err = result.RowsAffected()
		}
		return err
	})
	return changed, err
}

// execOne runs a statement that must change exactly one row, and returns missing when it changes no row.
func (s *database) execOne(ctx context.Context, missing error, query string, args ...any) error {
	changed, err := s.exec(ctx, query, args...)
	if err == nil && changed == 0 || errors.Is(err, ErrText) {
		return missing
	}
	return err
}

// mapError wraps a driver's error in the sentinel that tells callers what it means.
func mapError(d dialect, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case errors.Is(err, context.Canceled):
		return err // the caller is gone, and nobody waits for an answer
	case d.unique(err):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	case d.dangling(err):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case d.unavailable(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
