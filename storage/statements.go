package storage

import (
	"context"
	"database/sql/driver"
	"strings"
	"unicode/utf8"
)

// preparing makes connections that prepare each SQL text with arguments once and keep the statement. database/sql can keep prepared
// statements too, but to prepare one inside a transaction it needs a second connection, which SQLite's pool of one writer does not have.
type preparing struct{ driver.Connector }

// Connect implements driver.Connector.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &preparingConn{Conn: conn, prepared: map[string]driver.Stmt{}}, nil
}

// preparingConn passes on the optional interfaces that both drivers have. One goroutine uses it at a time.
type preparingConn struct {
	driver.Conn
	prepared map[string]driver.Stmt
}

// statement returns the prepared statement for query. It returns ErrText if an argument is a text that PostgreSQL would refuse and SQLite
// would store.
func (c *preparingConn) statement(ctx context.Context, query string, args []driver.NamedValue) (driver.Stmt, error) {
	for _, arg := range args {
		if text, ok := arg.Value.(string); ok && (!utf8.ValidString(text) || strings.Contains(text, "\x00")) {
			return nil, ErrText
		}
	}
	if found, ok := c.prepared[query]; ok {
		return found, nil
	}
	made, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err == nil {
		c.prepared[query] = made
	}
	return made, err
}

// ExecContext implements driver.ExecerContext. A text without arguments is passed on as it is: it may be a whole migration.
func (c *preparingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	}
	stmt, err := c.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	}
	stmt, err := c.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

// Close implements driver.Conn. SQLite keeps a connection, with its locks, as long as one of its statements is open.
func (c *preparingConn) Close() error {
	for _, stmt := range c.prepared {
		_ = stmt.Close() // fails on a broken connection, and then so does Close below
	}
	return c.Conn.Close()
}

// BeginTx implements driver.ConnBeginTx.
func (c *preparingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

// Ping implements driver.Pinger.
func (c *preparingConn) Ping(ctx context.Context) error { return c.Conn.(driver.Pinger).Ping(ctx) }

// ResetSession implements driver.SessionResetter.
func (c *preparingConn) ResetSession(ctx context.Context) error {
	return c.Conn.(driver.SessionResetter).ResetSession(ctx)
}

// IsValid implements driver.Validator.
func (c *preparingConn) IsValid() bool { return c.Conn.(driver.Validator).IsValid() }

// CheckNamedValue implements driver.NamedValueChecker, which one of the drivers has.
func (c *preparingConn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}
