package storagetest

import (
	"database/sql"
	"database/sql/driver"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// Interceptor stands between a store and its driver; see storage.Config.Intercept.
type Interceptor func(driver.Connector) driver.Connector

// Database is a database of one test. Each store opened on it is like another replica.
type Database struct {
	// URL is the address as storage.Config takes it.
	URL string
	// Keyset is what its stores seal with.
	Keyset *storage.Keyset
}

// SQLite returns an empty SQLite database in the test's temporary folder.
func SQLite(t testing.TB) *Database {
	return &Database{URL: "sqlite:" + filepath.Join(t.TempDir(), "postern.db"), Keyset: newKeyset(t)}
}

// Postgres returns an empty schema in PostgreSQL, removed at the end of the test.
func Postgres(t testing.TB) *Database {
	t.Helper()
	address, err := url.Parse(serverURL(t))
	require.NoError(t, err)
	schema := "test_" + strings.ToLower(storage.NewID())
	admin := openSQL(t, "postgres", address.String())
	_, err = admin.Exec(`CREATE SCHEMA ` + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.Exec(`DROP SCHEMA ` + schema + ` CASCADE`)
		require.NoError(t, err)
		require.NoError(t, admin.Close())
	})
	query := address.Query()
	query.Set("search_path", schema)
	query.Set("application_name", schema)
	address.RawQuery = query.Encode()
	return &Database{URL: address.String(), Keyset: newKeyset(t)}
}

func newKeyset(t testing.TB) *storage.Keyset {
	keyset, err := storage.NewKeyset()
	require.NoError(t, err)
	return keyset
}

// Open opens a store on the database, migrated and unlocked, until the end of the test. The first interceptor is the first to see
// a statement.
func (d *Database) Open(t testing.TB, interceptors ...Interceptor) *storage.Store {
	t.Helper()
	s := d.OpenLocked(t, interceptors...)
	_, err := s.Migrate(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Unlock(t.Context()))
	return s
}

// OpenLocked opens a store on the database as it is.
func (d *Database) OpenLocked(t testing.TB, interceptors ...Interceptor) *storage.Store {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Config{
		URL: d.URL, Keyset: d.Keyset,
		Intercept: func(connector driver.Connector) driver.Connector {
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

// SQL opens the database past the store, to look at rows and to tamper with them.
func (d *Database) SQL(t testing.TB) *sql.DB {
	t.Helper()
	db := openSQL(t, "postgres", d.URL)
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

// Each runs body once on each kind of database. All stores that open returns in one run are on the same database, like replicas.
func Each(t *testing.T, body func(t *testing.T, open func() *storage.Store)) {
	EachDatabase(t, func(t *testing.T, db *Database) {
		body(t, func() *storage.Store { return db.Open(t) })
	})
}

// EachDatabase runs body once with an empty database of each kind.
func EachDatabase(t *testing.T, body func(t *testing.T, db *Database)) {
	t.Run("sqlite", func(t *testing.T) { body(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { body(t, Postgres(t)) })
}
