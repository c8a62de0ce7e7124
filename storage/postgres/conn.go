package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"os"
	"time"

	"github.com/lib/pq"
)

const (
	// A connection that was idle for longer than idleLimit is pinged before it is used.
	idleLimit   = 200 * time.Millisecond
	pingTimeout = 2 * time.Second
	// rollbackTimeout is short because closing the connection rolls back as well.
	rollbackTimeout = 500 * time.Millisecond
)

// conn is a connection of lib/pq. It does not pass contexts on to lib/pq, which would send a cancel request when they end. Instead their
// deadline becomes the deadline of the link. A statement whose context is cancelled still runs to its end. database/sql uses a connection
// from one goroutine at a time.
type conn struct {
	driver.Conn
	connector *Connector
	link      *link
	heard     time.Time // when the server last answered
	txEnd     time.Time // deadline of the transaction's context; zero: it has none

	shared     bool // other clients of a pooler use the session as well
	readOnly   bool // the server accepts no writes; a new connection may find one that does
	replicated bool // false if the server did not wait for its synchronous standby in this exchange
}

// exchange sends a request to the server and reads the answer, until deadline. It returns [driver.ErrBadConn], which makes database/sql try
// again on another connection, only if nothing was sent.
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

// within is exchange with the deadline of ctx.
func within[T any](ctx context.Context, c *conn, ask func() (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	end, _ := ctx.Deadline()
	return exchange(c, c.deadline(end), ask)
}

// deadline returns end or the time at which the connector's own limit is reached, whichever is earlier. A zero end does not count.
func (c *conn) deadline(end time.Time) time.Time {
	if limit := time.Now().Add(c.connector.limit); end.IsZero() || limit.Before(end) {
		return limit
	}
	return end
}

// judge tells three errors of lib/pq apart: the server answered with an error, nothing was sent, or the outcome is unknown. lib/pq returns
// driver.ErrBadConn for the last two alike.
func (c *conn) judge(err error, sent bool) error {
	c.readOnly = c.readOnly || code(err) == readOnlyTransaction
	if c.alive() && !errors.Is(err, driver.ErrBadConn) {
		return err // the server's answer
	}
	if !sent {
		return driver.ErrBadConn
	}
	if c.link.err != nil {
		err = c.link.err
	}
	return &outage{what: "the connection ended before the answer", cause: err}
}

// confirm returns an outage if a commit succeeded without the synchronous standby.
func (c *conn) confirm(err error) error {
	if err == nil && !c.replicated {
		return &outage{what: "the server did not wait for its synchronous standby"}
	}
	return err
}

// notice receives the server's notices. It recognizes the warning about a cancelled wait for a standby by the routine that sends it,
// because the message may be translated.
func (c *conn) notice(n *pq.Error) {
	if n.Routine == "SyncRepWaitForLSN" {
		c.replicated = false
	}
}

func (c *conn) alive() bool { return c.link.err == nil && c.Conn.(driver.Validator).IsValid() }

// IsValid implements [driver.Validator]. The pool closes a connection that is not valid.
func (c *conn) IsValid() bool { return c.alive() && !c.readOnly }

// ResetSession implements [driver.SessionResetter]. database/sql calls it before it uses a pooled connection again, so that a connection
// that died while it was idle is noticed before a statement is sent.
func (c *conn) ResetSession(ctx context.Context) error {
	if !c.IsValid() || c.heard.UnixNano() <= c.connector.silence.Load() {
		return driver.ErrBadConn
	}
	if time.Since(c.heard) < idleLimit {
		return nil
	}
	pinging, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if c.Ping(pinging) == nil {
		return nil
	}
	if ctx.Err() == nil && errors.Is(c.link.err, os.ErrDeadlineExceeded) {
		c.connector.fellSilent(c.link.server.address, time.Now())
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
