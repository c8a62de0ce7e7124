package storage_test

import (
	"context"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// unprepared makes direct connections that forget every statement after its execution, as connections behind a pooler do.
type unprepared struct{ driver.Connector }

func (u unprepared) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := u.Connector.Connect(ctx)
	return unpreparedConn{conn.(postgresConn)}, err
}

type postgresConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

type unpreparedConn struct{ postgresConn }

func (c unpreparedConn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return unpreparedStmt{c.postgresConn, query}, nil
}

type unpreparedStmt struct {
	driver.Conn
	query string
}

func (unpreparedStmt) Close() error                               { return nil }
func (unpreparedStmt) NumInput() int                              { return -1 }
func (unpreparedStmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }
func (unpreparedStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, driver.ErrSkip }

func (s unpreparedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.Conn.(driver.ExecerContext).ExecContext(ctx, s.query, args)
}

func (s unpreparedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.Conn.(driver.QueryerContext).QueryContext(ctx, s.query, args)
}

// BenchmarkPooling compares named prepared statements with what is possible behind a pooler: statements that the server parses and plans
// each time, on a direct connection and through PgBouncer.
func BenchmarkPooling(b *testing.B) {
	direct := storagetest.Postgres(b)
	for _, way := range []struct {
		name  string
		store *storage.Store
	}{
		{"named", direct.Open(b)},
		{"unnamed", direct.Open(b, func(c driver.Connector) driver.Connector { return unprepared{c} })},
		{"pgbouncer", storagetest.PgBouncer(b, storagetest.TransactionPooling).Open(b)},
	} {
		s := way.store
		user, other := storagetest.User(b, s), storagetest.User(b, s)
		token := storagetest.SignIn(b, s, user)
		for _, work := range []struct {
			name string
			do   func() error
		}{
			{"read", func() error { _, err := s.Users.ByID(b.Context(), user.ID); return err }},
			{"session", func() error { _, err := s.Sessions.SignIn(b.Context(), token, "", storagetest.Now); return err }},
			{"count", func() error {
				_, _, err := s.Attempts.Count(b.Context(), time.Now(), storage.Budget{Key: "a", Tries: 1 << 30}, storage.Budget{Key: "b", Tries: 1 << 30})
				return err
			}},
			{"transaction", func() error {
				return s.InTx(b.Context(), func(ctx context.Context) error {
					if err := s.Users.RaiseEpoch(ctx, other.ID, time.Now()); err != nil {
						return err
					}
					return s.Grants.RevokeAccessToken(ctx, storage.NewID(), time.Now())
				})
			}},
		} {
			b.Run(work.name+"/"+way.name, func(b *testing.B) {
				for b.Loop() {
					require.NoError(b, work.do())
				}
			})
		}
	}
}

// BenchmarkStatement measures one statement and one transaction of a request, which has a deadline, on a direct connection.
func BenchmarkStatement(b *testing.B) {
	s := storagetest.Postgres(b).Open(b)
	u := storagetest.User(b, s)
	for name, run := range map[string]func(context.Context) error{
		"query": func(ctx context.Context) error {
			_, err := s.Users.ByID(ctx, u.ID)
			return err
		},
		"transaction": func(ctx context.Context) error {
			return s.InTx(ctx, func(ctx context.Context) error { return s.Users.RaiseEpoch(ctx, u.ID, now) })
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ctx, cancel := context.WithTimeout(b.Context(), 15*time.Second)
				require.NoError(b, run(ctx))
				cancel()
			}
		})
	}
}
