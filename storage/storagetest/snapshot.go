package storagetest

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Snapshot copies all rows of an SQLite database. It returns a function that restores them, while stores may be open, so that a test can
// continue from one state in many ways.
func (d *Database) Snapshot(t testing.TB) (restore func()) {
	t.Helper()
	db := d.SQL(t)
	db.SetMaxOpenConns(1) // the connection to which the copy is attached
	noted := filepath.Join(t.TempDir(), "noted.db")
	for _, statement := range []string{`PRAGMA synchronous = OFF`, `VACUUM INTO '` + noted + `'`, `ATTACH '` + noted + `' AS noted`} {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	var texts []string
	for _, table := range tables(t, db) {
		texts = append(texts, `DELETE FROM main.`+table)
	}
	for _, table := range tables(t, db) {
		if table == auditLog {
			texts = append(texts, `DELETE FROM main.`+table) // rows that the triggers of other tables have inserted
		}
		texts = append(texts, `INSERT INTO main.`+table+` SELECT * FROM noted.`+table)
	}
	statements := make([]*sql.Stmt, len(texts))
	for i, text := range texts {
		var err error
		statements[i], err = db.Prepare(text)
		require.NoError(t, err, text)
	}
	return func() {
		t.Helper()
		tx, err := db.Begin()
		require.NoError(t, err)
		for _, statement := range statements {
			_, err := tx.Stmt(statement).Exec()
			require.NoError(t, err)
		}
		require.NoError(t, tx.Commit())
	}
}

const auditLog = "audit_events"

// tables returns the names of all tables, the audit log last.
func tables(t testing.TB, db *sql.DB) (names []string) {
	rows, err := db.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name = '` + auditLog + `', name`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}
