package storagetest

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
)

// Kind is the kind of a statement.
type Kind string

// The kinds of statements.
const (
	Query    Kind = "query" // returns rows, but may write as well (RETURNING)
	Exec     Kind = "exec"
	Begin    Kind = "begin"
	Commit   Kind = "commit"
	Rollback Kind = "rollback"
)

// Statement is a statement that reaches the driver. Preparing a statement does not count as one.
type Statement struct {
	Kind Kind
	Text string // of Query and Exec, with the database's own placeholders
	Args []driver.NamedValue
}

// hooks are called before and after each statement. If before returns an error, the statement does not reach the driver. If after returns
// an error, it replaces the answer.
type hooks struct {
	before, after func(context.Context, Statement) error
}

func intercept(connector driver.Connector, h hooks) driver.Connector {
	nothing := func(context.Context, Statement) error { return nil }
	if h.before == nil {
		h.before = nothing
	}
	if h.after == nil {
		h.after = nothing
	}
	return hookedConnector{connector, h}
}

type hookedConnector struct {
	driver.Connector
	hooks hooks
}

func (c hookedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &hookedConn{Conn: conn, hooks: c.hooks}, nil
}

// hookedConn passes on the optional interfaces of a connection that both drivers have.
type hookedConn struct {
	driver.Conn
	hooks hooks
	lost  bool // an error of a hook left a transaction open, so the pool must not use the connection again
}

func (c *hookedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &hookedStmt{Stmt: stmt, text: query, hooks: c.hooks}, nil
}

func (c *hookedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return run(ctx, c.hooks, Statement{Kind: Exec, Text: query, Args: args}, func() (driver.Result, error) {
		return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	})
}

func (c *hookedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return run(ctx, c.hooks, Statement{Kind: Query, Text: query, Args: args}, func() (driver.Rows, error) {
		return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	})
}

func (c *hookedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := run(ctx, c.hooks, Statement{Kind: Begin}, func() (driver.Tx, error) {
		return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
	})
	if err != nil {
		return nil, err
	}
	return hookedTx{tx, c}, nil
}

func (c *hookedConn) Ping(ctx context.Context) error { return c.Conn.(driver.Pinger).Ping(ctx) }

func (c *hookedConn) ResetSession(ctx context.Context) error {
	return c.Conn.(driver.SessionResetter).ResetSession(ctx)
}

func (c *hookedConn) IsValid() bool { return !c.lost && c.Conn.(driver.Validator).IsValid() }

func (c *hookedConn) CheckNamedValue(value *driver.NamedValue) error { return check(c.Conn, value) }

type hookedTx struct {
	driver.Tx
	conn *hookedConn
}

func (tx hookedTx) Commit() error   { return tx.end(Commit, tx.Tx.Commit) }
func (tx hookedTx) Rollback() error { return tx.end(Rollback, tx.Tx.Rollback) }

func (tx hookedTx) end(kind Kind, do func() error) error {
	_, err := run(context.Background(), tx.conn.hooks, Statement{Kind: kind}, func() (struct{}, error) { return struct{}{}, do() })
	tx.conn.lost = tx.conn.lost || err != nil
	return err
}

type hookedStmt struct {
	driver.Stmt
	text  string
	hooks hooks
}

func (s *hookedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return run(ctx, s.hooks, Statement{Kind: Exec, Text: s.text, Args: args}, func() (driver.Result, error) {
		return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	})
}

func (s *hookedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return run(ctx, s.hooks, Statement{Kind: Query, Text: s.text, Args: args}, func() (driver.Rows, error) {
		return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	})
}

func (s *hookedStmt) CheckNamedValue(value *driver.NamedValue) error { return check(s.Stmt, value) }

func check(inner any, value *driver.NamedValue) error {
	if checker, ok := inner.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

func run[T any](ctx context.Context, h hooks, s Statement, do func() (T, error)) (T, error) {
	var none T
	if err := h.before(ctx, s); err != nil {
		return none, err
	}
	result, err := do()
	if err != nil {
		return none, err
	}
	if err := h.after(ctx, s); err != nil {
		if open, ok := any(result).(io.Closer); ok {
			err = errors.Join(err, open.Close())
		}
		return none, err
	}
	return result, nil
}
