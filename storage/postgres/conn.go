package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/lib/pq"
)

const (
	// restless is how long a connection may have been idle before it has to give a sign of life.
	restless = 200 * time.Millisecond
	// signTimeout is for this sign, and for a rollback: ending the connection does the same.
	signTimeout     = 2 * time.Second
	rollbackTimeout = 500 * time.Millisecond
)

// conn is a connection of lib/pq. The contexts that it is given never reach lib/pq, which answers their end with a cancel request: their deadline
// is that of the link, and a caller who goes away waits for the statement. database/sql uses a connection from one goroutine at a time.
type conn struct {
	driver.Conn
	connector *Connector
	link      *link
	heard     time.Time // when the server last answered
	txEnd     time.Time // deadline of the transaction's context, zero without one

	shared     bool // the session is, by other clients of a pooler
	readOnly   bool // the server does not take writes, so that the next connection may find another one that does
	replicated bool // false when the server has not waited for its synchronous standby in this exchange
}

// exchange sends something to the server and takes its answer. A connection that is no good any more says driver.ErrBadConn, so that
// database/sql takes another one, only when nothing was sent.
func exchange[T any](c *conn, deadline time.Time, ask func() (T, error)) (T, error) {
	var none T
	if !c.alive() {
		return none, driver.ErrBadConn
	}
	sent := c.link.sent
	c.replicated = true
	c.link.begin(deadline)
	answer, err := ask()
	if err != nil {
		return none, c.judge(err, c.link.sent > sent)
	}
	c.heard = time.Now()
	return answer, nil
}

// within is exchange for a statement with a context.
func within[T any](ctx context.Context, c *conn, ask func() (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	end, _ := ctx.Deadline()
	return exchange(c, c.deadline(end), ask)
}

// deadline returns when an exchange has to end that may take until end, or as long as it wants if end is zero.
func (c *conn) deadline(end time.Time) time.Time {
	if limit := time.Now().Add(c.connector.limit); end.IsZero() || limit.Before(end) {
		return limit
	}
	return end
}

// judge says what an error of lib/pq means. Two layers above, driver.ErrBadConn is an order to try again.
func (c *conn) judge(err error, sent bool) error {
	c.readOnly = c.readOnly || code(err) == readOnlyTransaction
	if c.alive() && !errors.Is(err, driver.ErrBadConn) {
		return err // an answer of the server
	}
	if !sent {
		return driver.ErrBadConn
	}
	if c.link.err != nil {
		err = c.link.err
	}
	return &outage{what: "the connection ended before the answer", cause: err}
}

// confirm is judge at the end of what may have been a commit.
func (c *conn) confirm(err error) error {
	if err == nil && !c.replicated {
		return &outage{what: "the server did not wait for its synchronous standby"}
	}
	return err
}

// notice sees the server's notices. Messages are translated, the name of the routine is not.
func (c *conn) notice(n *pq.Error) {
	if n.Routine == "SyncRepWaitForLSN" {
		c.replicated = false
	}
}

func (c *conn) alive() bool { return c.link.err == nil && c.Conn.(driver.Validator).IsValid() }

// IsValid implements [driver.Validator]: whether the pool keeps the connection.
func (c *conn) IsValid() bool { return c.alive() && !c.readOnly }

// ResetSession implements [driver.SessionResetter], which is asked before a connection of the pool is used again. What died while it was
// idle is found here, before anything was sent on it.
func (c *conn) ResetSession(ctx context.Context) error {
	if !c.IsValid() || c.heard.UnixNano() <= c.connector.silence.Load() {
		return driver.ErrBadConn
	}
	if time.Since(c.heard) < restless {
		return nil
	}
	sign, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	if c.Ping(sign) == nil {
		return nil
	}
	if ctx.Err() == nil {
		c.connector.silence.Store(time.Now().UnixNano())
	}
	return driver.ErrBadConn
}

// Ping implements [driver.Pinger].
func (c *conn) Ping(ctx context.Context) error {
	_, err := within(ctx, c, func() (struct{}, error) { return struct{}{}, c.Conn.(driver.Pinger).Ping(context.Background()) })
	return err
}

// Close implements [driver.Conn].
func (c *conn) Close() error {
	c.link.begin(time.Now().Add(rollbackTimeout))
	return c.Conn.Close()
}

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := within(ctx, c, func() (driver.Result, error) {
		return c.Conn.(driver.ExecerContext).ExecContext(context.Background(), query, args)
	})
	return result, c.confirm(err)
}

// QueryContext implements [driver.QueryerContext].
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.rows(within(ctx, c, func() (driver.Rows, error) {
		return c.Conn.(driver.QueryerContext).QueryContext(context.Background(), query, args)
	}))
}

// CheckNamedValue implements [driver.NamedValueChecker].
func (c *conn) CheckNamedValue(value *driver.NamedValue) error {
	return c.Conn.(driver.NamedValueChecker).CheckNamedValue(value)
}

// PrepareContext implements [driver.ConnPrepareContext].
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.shared {
		return &unnamed{c, query}, nil
	}
	made, err := within(ctx, c, func() (driver.Stmt, error) {
		return c.Conn.(driver.ConnPrepareContext).PrepareContext(context.Background(), query)
	})
	if err != nil {
		return nil, err
	}
	return &stmt{made, c}, nil
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if opts.Isolation == driver.IsolationLevel(sql.LevelDefault) {
		opts.Isolation = driver.IsolationLevel(sql.LevelReadCommitted)
	}
	begun, err := within(ctx, c, func() (driver.Tx, error) {
		return c.Conn.(driver.ConnBeginTx).BeginTx(context.Background(), opts)
	})
	if err != nil {
		return nil, err
	}
	c.txEnd, _ = ctx.Deadline()
	return &tx{begun, c}, nil
}
