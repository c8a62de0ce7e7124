package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"time"
)

// tx is a transaction on a conn.
type tx struct {
	driver.Tx
	conn *conn
}

// Commit implements [driver.Tx].
func (t *tx) Commit() error {
	return t.conn.confirm(t.end(t.conn.deadline(t.conn.txEnd), t.Tx.Commit))
}

// Rollback implements [driver.Tx].
func (t *tx) Rollback() error { return t.end(time.Now().Add(rollbackTimeout), t.Tx.Rollback) }

func (t *tx) end(deadline time.Time, do func() error) error {
	_, err := exchange(t.conn, deadline, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// stmt is a prepared statement on a conn.
type stmt struct {
	driver.Stmt
	conn *conn
}

// ExecContext implements [driver.StmtExecContext].
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	result, err := within(ctx, s.conn, func() (driver.Result, error) {
		return s.Stmt.(driver.StmtExecContext).ExecContext(context.Background(), args)
	})
	return result, s.conn.confirm(err)
}

// QueryContext implements [driver.StmtQueryContext].
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.rows(within(ctx, s.conn, func() (driver.Rows, error) {
		return s.Stmt.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	}))
}

// Close implements [driver.Stmt]. It does nothing: the server forgets the statements of a connection when the connection ends.
func (s *stmt) Close() error { return nil }

// rows are the rows of a statement. Outside a transaction, the server commits a statement after its last row.
type rows struct {
	driver.Rows
	conn *conn
}

func (c *conn) rows(found driver.Rows, err error) (driver.Rows, error) {
	if err != nil {
		return nil, err
	}
	return &rows{found, c}, nil
}

// Next implements [driver.Rows].
func (r *rows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF) && r.conn.alive():
		if unconfirmed := r.conn.confirm(nil); unconfirmed != nil {
			return unconfirmed
		}
		return err // after the last row
	}
	return r.conn.judge(err, true)
}

// Close implements [driver.Rows].
func (r *rows) Close() error {
	if err := r.Rows.Close(); err != nil {
		return r.conn.judge(err, true)
	}
	return r.conn.confirm(nil)
}
