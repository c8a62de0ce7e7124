package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/postern-id/postern/storage/postgres"
)

// dialect holds every difference between the two databases.
type dialect struct {
	name   string // as migration files spell it
	driver string // the name by which sqlx knows the style of placeholders
	goose  goose.Dialect
	// singleWriter says that only one transaction can write at a time.
	singleWriter bool
	// keyShare, at the end of a query, keeps the rows that it finds from being removed until the transaction ends. A single writer needs no
	// such lock.
	keyShare string
	// clock is a query for the current time in microseconds.
	clock string
	// barrier is a statement whose commit waits for all commits before it. It is empty if everything that can be read is already on the
	// disk.
	barrier string
	// hasVersions is a query that tells whether goose's table of applied steps exists.
	hasVersions string
	connector   func(url string) (driver.Connector, error)
	unique      func(error) bool
	dangling    func(error) bool // a row refers to one that is gone
	unavailable func(error) bool
	victim      func(error) bool // the transaction was rolled back, or not begun, in favour of another one
}

var sqliteDialect = dialect{
	name: "sqlite", driver: "sqlite", goose: goose.DialectSQLite3, singleWriter: true,
	clock:       `SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)`,
	hasVersions: `SELECT count(*) > 0 FROM sqlite_master WHERE name = '` + goose.DefaultTablename + `'`,
	connector:   sqliteConnector,
	unique:      sqliteUnique,
	dangling:    sqliteDangling,
	unavailable: sqliteUnavailable,
	victim:      sqliteBusy,
}

var postgresDialect = dialect{
	name: "postgres", driver: "postgres", goose: goose.DialectPostgres, keyShare: ` FOR KEY SHARE`,
	clock: `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`,
	// It writes to the write-ahead log and to nothing else.
	barrier:     `SELECT pg_logical_emit_message(true, 'postern', '')`,
	hasVersions: `SELECT to_regclass('` + goose.DefaultTablename + `') IS NOT NULL`,
	connector:   postgresConnector,
	unique:      postgres.Unique,
	dangling:    postgres.Dangling,
	unavailable: postgres.Unavailable,
	victim:      postgres.Victim,
}

func init() { sqlx.BindDriver("sqlite", sqlx.QUESTION) }

func dialectOf(url string) (dialect, error) {
	switch scheme, _, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		return sqliteDialect, nil
	case "postgres", "postgresql":
		return postgresDialect, nil
	}
	return dialect{}, errors.New("database.url must begin with sqlite: or postgres://")
}

func defaultConns(asked int) int {
	if asked > 0 {
		return asked
	}
	return max(8, 4*runtime.NumCPU())
}

func (d dialect) writers(asked int) int {
	if d.singleWriter {
		return 1
	}
	return defaultConns(asked)
}

// sqliteConnector opens sqlite:PATH. Only the owner can read a file that it creates. WAL with synchronous=FULL keeps every acknowledged
// write through a power loss.
func sqliteConnector(address string) (driver.Connector, error) {
	path := strings.TrimPrefix(address, "sqlite:")
	if path == "" || strings.ContainsAny(path, "?#") {
		return nil, errors.New("database.url: sqlite: needs the path of a file, without ? or #")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database's folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database file: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open the database file: %w", err)
	}
	pragmas := url.Values{
		// SQLite waits for other processes without regard to the request's context, so it gives up soon and the statement is retried.
		"_pragma": {"busy_timeout(1000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)"},
		"_txlock": {"immediate"},
	}
	absolute, err := filepath.Abs(path) // so that SQLite does not take it for a special name such as :memory:
	if err != nil {
		return nil, fmt.Errorf("open the database file: %w", err)
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: absolute, RawQuery: pragmas.Encode()}
	return dsnConnector{driver: &sqlite.Driver{}, dsn: dsn.String()}, nil
}

// dsnConnector is a driver.Connector for a driver without one.
type dsnConnector struct {
	driver driver.Driver
	dsn    string
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }

func sqliteUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) &&
		(e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

func sqliteDangling(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
}

func sqliteBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

func sqliteUnavailable(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff { // the primary result code, without the extended one
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

func postgresConnector(address string) (driver.Connector, error) {
	connector, err := postgres.NewConnector(address)
	if err != nil {
		return nil, fmt.Errorf("database.url: %w", err)
	}
	return connector, nil
}
