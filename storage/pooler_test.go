package storage_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// keeper remembers the first connection that it makes.
type keeper struct {
	driver.Connector
	conn driver.Conn
}

func (k *keeper) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if k.conn == nil {
		k.conn = conn
	}
	return conn, err
}

// ask returns the only value of a query without arguments on the connection.
func (k *keeper) ask(t *testing.T, query string) driver.Value {
	t.Helper()
	rows, err := k.conn.(driver.QueryerContext).QueryContext(t.Context(), query, nil)
	require.NoError(t, err)
	row := make([]driver.Value, 1)
	require.NoError(t, rows.Next(row))
	require.NoError(t, rows.Close())
	return row[0]
}

// openKept opens a store with one connection, and returns it with its keeper.
func openKept(t *testing.T, db *storagetest.Database) (*storage.Store, *keeper) {
	t.Helper()
	db.Open(t)
	k := &keeper{}
	locked, err := storage.Open(t.Context(), storage.Config{
		URL: db.URL, Keyset: db.Keyset, MaxConns: 1,
		Intercept: func(c driver.Connector) driver.Connector { k.Connector = c; return k },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, locked.Close()) })
	return storagetest.Unlock(t, locked), k
}

func TestSessionsThatAreNotSharedGetSettings(t *testing.T) {
	s, k := openKept(t, storagetest.Postgres(t))
	_, err := s.Users.ByID(t.Context(), "nobody")
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.Equal(t, "10s", k.ask(t, `SHOW statement_timeout`))
	require.Equal(t, "8s", k.ask(t, `SHOW lock_timeout`))
	require.Equal(t, "30s", k.ask(t, `SHOW idle_in_transaction_session_timeout`))
	require.Equal(t, "warning", k.ask(t, `SHOW client_min_messages`))
	require.Equal(t, int64(2), k.ask(t, `SELECT count(*) FROM pg_prepared_statements`), "for the key for keyed hashes and for the user")
}

// Settings, statements and locks that are left in a shared session would affect other clients.
func TestSharedSessionsAreLeftAsTheyWere(t *testing.T) {
	for _, mode := range []storagetest.PoolMode{storagetest.SessionPooling, storagetest.TransactionPooling} {
		t.Run(string(mode), func(t *testing.T) {
			s, k := openKept(t, storagetest.PgBouncer(t, mode))
			_, err := s.Users.ByID(t.Context(), "nobody")
			require.ErrorIs(t, err, storage.ErrNotFound)
			require.Equal(t, "notice", k.ask(t, `SHOW client_min_messages`))
			require.Equal(t, int64(0), k.ask(t, `SELECT count(*) FROM pg_prepared_statements`))
		})
	}
}

// widen makes PgBouncer open several connections to the server, among which it then alternates.
func widen(t *testing.T, s interface {
	InTx(context.Context, func(context.Context) error) error
}) {
	t.Helper()
	const wide = 5
	var begun, ended sync.WaitGroup
	begun.Add(wide)
	for range wide {
		ended.Go(func() {
			require.NoError(t, s.InTx(t.Context(), func(context.Context) error {
				begun.Done()
				begun.Wait()
				return nil
			}))
		})
	}
	ended.Wait()
}

// Each transaction of a client may run on another server connection than the one before.
func TestTransactionsMayChangeTheConnection(t *testing.T) {
	db := storagetest.PgBouncer(t, storagetest.TransactionPooling)
	widen(t, db.Open(t))
	one, k := openKept(t, db)
	processes := map[driver.Value]bool{}
	for range racers {
		u := storagetest.User(t, one)
		found, err := one.Users.ByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, u, found)
		processes[k.ask(t, `SELECT pg_backend_pid()`)] = true
	}
	require.Greater(t, len(processes), 1, "the client stayed on one connection, so this test proves nothing")
}

// A transaction must hold the lock that keeps others from migrating, because any client can get a server connection that is idle.
func TestMigrationsAreLockedBehindAPooler(t *testing.T) {
	db := storagetest.PgBouncer(t, storagetest.TransactionPooling)
	raw := db.SQL(t)
	locks := func() (states []string) {
		rows, err := raw.Query(`SELECT a.state FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE l.locktype = 'advisory' AND l.granted AND a.usename = current_schema()`)
		require.NoError(t, err)
		for rows.Next() {
			var state string
			require.NoError(t, rows.Scan(&state))
			states = append(states, state)
		}
		require.NoError(t, errors.Join(rows.Err(), rows.Close()))
		return states
	}
	s := db.OpenLocked(t, storagetest.Delay(5*time.Millisecond))
	widen(t, s)
	migrated := make(chan error, 1)
	go func() {
		_, err := s.Migrate(t.Context(), nil)
		migrated <- err
	}()
	var seen []string
	for len(migrated) == 0 {
		seen = append(seen, locks()...)
	}
	require.NoError(t, <-migrated)
	seen = slices.Compact(slices.Sorted(slices.Values(seen)))
	require.Contains(t, seen, "idle in transaction")
	require.NotContains(t, seen, "idle")
	require.Empty(t, locks())
}

// Behind a pooler, the role must have the settings that the store makes in a session that is not shared.
func TestMissingLimitsAreNamed(t *testing.T) {
	own := storagetest.Postgres(t).Open(t)
	missing, err := own.UnsetLimits(t.Context())
	require.NoError(t, err)
	require.Empty(t, missing)

	db := storagetest.PgBouncer(t, storagetest.TransactionPooling)
	shared := db.Open(t)
	missing, err = shared.UnsetLimits(t.Context())
	require.NoError(t, err)
	require.Empty(t, missing)

	_, err = db.SQL(t).Exec(`DO $$ BEGIN EXECUTE 'ALTER ROLE ' || current_schema() || ' RESET ALL'; END $$;
		DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET search_path = %I', current_schema(), current_schema()); END $$;
		DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET default_transaction_isolation = serializable', current_schema()); END $$;
		DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET client_min_messages = error', current_schema()); END $$;
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_schema()`)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		missing, err = shared.UnsetLimits(t.Context())
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, []string{
		"client_connection_check_interval = '250ms'", "client_min_messages = 'warning'", "default_transaction_isolation = 'read committed'",
		"idle_in_transaction_session_timeout = '30s'", "lock_timeout = '8s'", "statement_timeout = '10s'",
	}, missing)
}

func TestStatementPoolingIsRefused(t *testing.T) {
	db := storagetest.PgBouncer(t, storagetest.StatementPooling)
	_, err := storage.Open(t.Context(), storage.Config{URL: db.URL, Keyset: db.Keyset})
	require.ErrorIs(t, err, storage.ErrPooling)
}
