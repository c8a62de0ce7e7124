package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/storagetest"
)

var short = plan{duration: 300 * time.Millisecond} // one INSERT fits in it on a busy machine, too

func TestDatabaseReferences(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		all, err := measureDatabase(t.Context(), databaseOf(db.URL), []int{1, 3}, short)
		require.NoError(t, err)
		var names []string
		for _, m := range all {
			names = append(names, m.Name)
			require.Positive(t, m.PerSecond, m.Name)
			require.Zero(t, m.Errors, m.Name)
		}
		require.Equal(t, []string{refInsert, refSelect, refInsert, refSelect}, names)
		require.Equal(t, 3, all[3].Connections)

		version, err := databaseOf(db.URL).version(t.Context())
		require.NoError(t, err)
		require.Regexp(t, `^(SQLite 3|PostgreSQL \d)`, version)
	})
}

func TestSQLiteReferencesLeavePosternsFileAlone(t *testing.T) {
	folder := t.TempDir()
	d := databaseOf(sqlitePrefix + filepath.Join(folder, "postern.db"))
	require.Equal(t, sqlitePrefix+filepath.Join(folder, "reference.db"), d.referenceDatabase().url)
}

func TestPrivatePostgres(t *testing.T) {
	p, err := startPostgres(t.Context(), "", "")
	require.NoError(t, err)
	db, err := databaseOf(p.url()).open()
	require.NoError(t, err)
	var fsync string
	require.NoError(t, db.QueryRow(`SHOW fsync`).Scan(&fsync))
	require.Equal(t, "on", fsync)
	require.NoError(t, db.Close())
	require.NoError(t, p.stop())
	require.NoDirExists(t, p.folder)
}
