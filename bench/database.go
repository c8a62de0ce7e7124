package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	_ "github.com/lib/pq"  // the drivers that
	_ "modernc.org/sqlite" // Postern uses
)

// database is Postern's database, used directly and not through Postern.
type database struct {
	url    string // as in Postern's setting database.url
	sqlite bool
}

func databaseOf(url string) database {
	return database{url: url, sqlite: strings.HasPrefix(url, sqlitePrefix)}
}

const sqlitePrefix = "sqlite:"

// open returns a pool with the settings that Postern uses: on SQLite, WAL and synchronous=FULL.
func (d database) open() (*sql.DB, error) {
	if !d.sqlite {
		return sql.Open("postgres", d.url)
	}
	return sql.Open("sqlite", "file:"+strings.TrimPrefix(d.url, sqlitePrefix)+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
}

// version returns the name and version of the database software.
func (d database) version(ctx context.Context) (string, error) {
	query, name := `SHOW server_version`, "PostgreSQL "
	if d.sqlite {
		query, name = `SELECT sqlite_version()`, "SQLite "
	}
	db, err := d.open()
	if err != nil {
		return "", err
	}
	defer db.Close()
	var version string
	err = db.QueryRowContext(ctx, query).Scan(&version)
	return name + version, err
}

// referenceDatabase returns the database to which the references write: on PostgreSQL that of Postern, on SQLite a file beside
// it.
func (d database) referenceDatabase() database {
	if d.sqlite {
		return databaseOf(sqlitePrefix + filepath.Join(filepath.Dir(strings.TrimPrefix(d.url, sqlitePrefix)), "reference.db"))
	}
	return d
}

// referenceRows is the number of rows among which the SELECTs choose.
const referenceRows = 10_000

// measureDatabase measures prepared INSERTs, each a transaction, and prepared SELECTs by primary key, with each number of
// connections. SQLite has one writer, so there all INSERTs queue for one connection.
func measureDatabase(ctx context.Context, d database, connections []int, p plan) (all []measurement, err error) {
	d = d.referenceDatabase()
	db, err := d.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ids, err := fillReference(ctx, db)
	if err != nil {
		return nil, err
	}
	defer func() {
		_, dropErr := db.ExecContext(context.WithoutCancel(ctx), `DROP TABLE bench_reference`)
		err = errors.Join(err, dropErr)
	}()
	for _, n := range connections {
		writers := n
		if d.sqlite {
			writers = 1
		}
		inserts, err := measureStatement(ctx, db, refInsert, n, writers, p, insertReference)
		if err != nil {
			return nil, err
		}
		selects, err := measureStatement(ctx, db, refSelect, n, n, p, selectReference(ids))
		if err != nil {
			return nil, err
		}
		all = append(all, inserts, selects)
	}
	return all, nil
}

func fillReference(ctx context.Context, db *sql.DB) ([]string, error) {
	ids := make([]string, referenceRows)
	for _, text := range []string{
		`DROP TABLE IF EXISTS bench_reference`,
		`CREATE TABLE bench_reference (id TEXT PRIMARY KEY, value TEXT NOT NULL, at BIGINT NOT NULL)`,
	} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return nil, fmt.Errorf("create the table of references: %w", err)
		}
	}
	err := insertRows(ctx, db, bulk{
		table: "bench_reference", columns: []string{"id", "value", "at"}, rows: referenceRows,
		row: func(i int) []any {
			ids[i] = rand.Text()
			return []any{ids[i], referenceValue, int64(i)}
		},
	}, 1)
	return ids, err
}

// referenceValue is as long as the row of a grant.
var referenceValue = strings.Repeat("x", 300)

// statement is the text of a prepared statement and a function that executes it once.
type statement struct {
	text    string
	execute func(ctx context.Context, prepared *sql.Stmt) error
}

func insertReference() statement {
	return statement{`INSERT INTO bench_reference (id, value, at) VALUES ($1, $2, $3)`, func(ctx context.Context, prepared *sql.Stmt) error {
		_, err := prepared.ExecContext(ctx, rand.Text(), referenceValue, int64(1))
		return err
	}}
}

func selectReference(ids []string) func() statement {
	var next atomic.Int64
	return func() statement {
		return statement{`SELECT value, at FROM bench_reference WHERE id = $1`, func(ctx context.Context, prepared *sql.Stmt) error {
			id := ids[int(next.Add(7919))%len(ids)] // a prime, so that the rows are read in another order than they were written
			var value string
			var at int64
			return prepared.QueryRowContext(ctx, id).Scan(&value, &at)
		}}
	}
}

func measureStatement(ctx context.Context, db *sql.DB, name string, users, pool int, p plan, build func() statement) (m measurement, err error) {
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
	s := build()
	prepared, err := db.PrepareContext(ctx, s.text)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, prepared.Close()) }()
	var steps []step
	for range users {
		steps = append(steps, func(ctx context.Context) error { return s.execute(ctx, prepared) })
	}
	measured, err := closedLoop(ctx, steps, p)
	return newMeasurement(name, closed, users, measured), errors.Join(err, measured.firstError)
}
