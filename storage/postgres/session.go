package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ErrPooling says that a connection pooler executes single statements but closes the connection when a transaction begins.
var ErrPooling = errors.New("the connection pooler refuses transactions of several statements")

// startSession finds out whether the session is shared with other clients, and makes its settings if it is not.
//
// Behind a connection pooler such as PgBouncer a session is shared: the next transaction may run in another session, and the next client
// gets this one. So no settings and no named statements are left in it or expected there. Settings are not sent with the startup message
// either, because a pooler refuses those that it does not know.
func (c *conn) startSession(ctx context.Context) error {
	shared, err := c.isShared(ctx)
	if err != nil {
		return err
	}
	if shared {
		c.shared = true
		return c.tryTransaction(ctx)
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.connector.settings)) {
		fmt.Fprintf(&text, "SET %s = '%s'; ", name, c.connector.settings[name])
	}
	if _, err := c.ExecContext(ctx, text.String(), nil); err != nil {
		return err
	}
	if _, err := c.ExecContext(ctx, watchClient, nil); err != nil && !c.alive() {
		return err
	}
	return nil
}

// isShared reports whether a pooler has answered the startup message. A pooler announces its own key for cancel requests (BackendKeyData),
// so the process id in it is not that of the server's process.
func (c *conn) isShared(ctx context.Context) (bool, error) {
	found, err := c.QueryContext(ctx, `SELECT pg_catalog.pg_backend_pid()`, nil)
	if err != nil {
		return false, err
	}
	row := make([]driver.Value, 1)
	if err := errors.Join(found.Next(row), found.Close()); err != nil {
		return false, err
	}
	answering, ok := row[0].(int64)
	return !ok || answering != announcedProcess(c.Conn), nil
}

// announcedProcess returns the process id in the server's BackendKeyData, or 0 if it cannot be read. lib/pq keeps it in a field and has no
// method for it.
func announcedProcess(conn driver.Conn) int64 {
	value := reflect.ValueOf(conn)
	if value.Kind() != reflect.Pointer || value.Elem().Kind() != reflect.Struct {
		return 0
	}
	if pid := value.Elem().FieldByName("pid"); pid.IsValid() && pid.CanInt() {
		return pid.Int()
	}
	return 0
}

// tryTransaction returns ErrPooling unless the pooler allows transactions of several statements. PgBouncer in its mode "statement" does
// not: it closes a connection that begins one.
func (c *conn) tryTransaction(ctx context.Context) error {
	tx, err := c.BeginTx(ctx, driver.TxOptions{ReadOnly: true})
	if err == nil {
		err = tx.Rollback()
	}
	if errors.As(err, new(*outage)) {
		return fmt.Errorf("%w: %w", ErrPooling, err)
	}
	return err
}

// unnamed is a statement in a shared session. The server does not keep it: each execution sends text and arguments in one exchange, in
// which the server parses, plans, executes and forgets it. The connector sets lib/pq's BinaryParameters for that; otherwise lib/pq would
// prepare and execute in two exchanges, which a pooler may send to two sessions.
type unnamed struct {
	conn  *conn
	query string
}

// ExecContext implements [driver.StmtExecContext].
func (u *unnamed) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return u.conn.ExecContext(ctx, u.query, args)
}

// QueryContext implements [driver.StmtQueryContext].
func (u *unnamed) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return u.conn.QueryContext(ctx, u.query, args)
}

// CheckNamedValue implements [driver.NamedValueChecker].
func (u *unnamed) CheckNamedValue(value *driver.NamedValue) error {
	return u.conn.CheckNamedValue(value)
}

// Close implements [driver.Stmt].
func (*unnamed) Close() error { return nil }

// NumInput implements [driver.Stmt]: the server counts the arguments.
func (*unnamed) NumInput() int { return -1 }

// Exec implements [driver.Stmt]. Statements are executed with a context only.
func (*unnamed) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }

// Query implements [driver.Stmt]. Statements are executed with a context only.
func (*unnamed) Query([]driver.Value) (driver.Rows, error) { return nil, driver.ErrSkip }

// UnsetLimits is a query for the settings that a session lacks, each in the form in which ALTER ROLE sets it.
const UnsetLimits = `
	SELECT s.name || ' = ''' || w.value || '''' FROM pg_settings s JOIN (VALUES
		('statement_timeout', '10s', '0'), ('lock_timeout', '8s', '0'), ('idle_in_transaction_session_timeout', '30s', '0'),
		('client_connection_check_interval', '250ms', '0'),
		('default_transaction_isolation', 'read committed', 'read uncommitted'), ('default_transaction_isolation', 'read committed', 'repeatable read'),
		('default_transaction_isolation', 'read committed', 'serializable'),
		('client_min_messages', 'warning', 'error')
	) AS w (name, value, bad) ON w.name = s.name AND w.bad = s.setting
	ORDER BY s.name`
