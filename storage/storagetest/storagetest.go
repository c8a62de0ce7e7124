package storagetest

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// Interceptor stands between a store and its driver; see [storage.Config].
type Interceptor func(driver.Connector) driver.Connector

// Database is a database for one test. Each store that is opened on it is like another replica.
type Database struct {
	// URL is the URL for [storage.Config].
	URL string
	// Direct is the URL that bypasses a connection pooler; empty: URL does not lead to a pooler.
	Direct string
	// Keyset is the keyset of its stores.
	Keyset *storage.Keyset

	migrated bool
}

// SQLite returns an empty SQLite database in the test's temporary folder.
func SQLite(t testing.TB) *Database {
	return &Database{URL: "sqlite:" + filepath.Join(t.TempDir(), "postern.db"), Keyset: newKeyset(t)}
}

// Postgres returns an empty schema in PostgreSQL, which is removed at the end of the test.
func Postgres(t testing.TB) *Database {
	t.Helper()
	server, schema := serverURL(t), newSchema()
	admin := openSQL(t, "postgres", server)
	_, err := admin.Exec(`CREATE SCHEMA ` + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec(`DROP SCHEMA ` + schema + ` CASCADE`)
		require.NoError(t, err)
		require.NoError(t, admin.Close())
	})
	address, err := addressOfSchema(server, schema)
	require.NoError(t, err)
	return &Database{URL: address, Keyset: newKeyset(t)}
}

func newSchema() string { return "test_" + strings.ToLower(storage.NewID()) }

func addressOfSchema(server, schema string) (string, error) {
	address, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	query := address.Query()
	query.Set("search_path", schema)
	query.Set("application_name", schema)
	address.RawQuery = query.Encode()
	return address.String(), nil
}

func newKeyset(t testing.TB) *storage.Keyset {
	keyset, err := storage.NewKeyset()
	require.NoError(t, err)
	return keyset
}

// Open returns a store on the database, migrated and unlocked, which is closed at the end of the test. The first interceptor sees a
// statement first.
func (d *Database) Open(t testing.TB, interceptors ...Interceptor) *storage.Store {
	t.Helper()
	if !d.migrated {
		d.migrateIfEmpty(t)
	}
	locked := d.OpenLocked(t, interceptors...)
	if !d.migrated {
		_, err := locked.Migrate(t.Context(), nil)
		require.NoError(t, err)
		d.migrated = true
	}
	return Unlock(t, locked)
}

// Unlock unlocks a migrated database and returns its store.
func Unlock(t testing.TB, locked *storage.Locked) *storage.Store {
	t.Helper()
	s, err := locked.Unlock(t.Context())
	require.NoError(t, err)
	return s
}

// OpenLocked opens the database as it is, and closes it at the end of the test.
func (d *Database) OpenLocked(t testing.TB, interceptors ...Interceptor) *storage.Locked {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Config{
		URL: d.URL, Keyset: d.Keyset,
		Intercept: func(connector driver.Connector) driver.Connector {
			if !d.Postgres() {
				connector = hastyConnector{connector}
			}
			for i := len(interceptors) - 1; i >= 0; i-- {
				connector = interceptors[i](connector)
			}
			return connector
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// hastyConnector makes connections to SQLite that do not wait for the disk. As with the PostgreSQL server, what a test writes need not
// survive a power loss.
type hastyConnector struct{ driver.Connector }

func (c hastyConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, `PRAGMA synchronous = OFF`, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// SQL opens the database without a store, to read rows or to tamper with them, until the end of the test.
func (d *Database) SQL(t testing.TB) *sql.DB {
	t.Helper()
	db := openSQL(t, "postgres", cmp.Or(d.Direct, d.URL))
	if path, ok := strings.CutPrefix(d.URL, "sqlite:"); ok {
		require.NoError(t, db.Close())
		db = openSQL(t, "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	}
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// Postgres reports whether the database is in PostgreSQL.
func (d *Database) Postgres() bool { return !strings.HasPrefix(d.URL, "sqlite:") }

func openSQL(t testing.TB, driverName, address string) *sql.DB {
	db, err := sql.Open(driverName, address)
	require.NoError(t, err)
	return db
}

// Open returns a store on a fresh SQLite database.
func Open(t testing.TB) *storage.Store {
	t.Helper()
	return SQLite(t).Open(t)
}

// OpenPostgres returns a store on a fresh schema in PostgreSQL.
func OpenPostgres(t testing.TB) *storage.Store {
	t.Helper()
	return Postgres(t).Open(t)
}

// Each runs body as a subtest for each kind of database. All stores that open returns in one subtest use the same database, like replicas.
func Each(t *testing.T, body func(t *testing.T, open func() *storage.Store)) {
	EachDatabase(t, func(t *testing.T, db *Database) {
		body(t, func() *storage.Store { return db.Open(t) })
	})
}

// EachDatabase runs body as a subtest for each kind of database, with an empty one.
func EachDatabase(t *testing.T, body func(t *testing.T, db *Database)) {
	t.Run("sqlite", func(t *testing.T) { body(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { body(t, Postgres(t)) })
}
