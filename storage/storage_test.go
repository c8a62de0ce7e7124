package storage_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestSQLite(t *testing.T) { storagetest.Exercise(t, storagetest.SQLite) }

func TestPostgres(t *testing.T) { storagetest.Exercise(t, storagetest.Postgres) }

// Behind PgBouncer a server connection belongs to one client for its whole session, or only for a transaction.
func TestPgBouncer(t *testing.T) {
	for _, mode := range []storagetest.PoolMode{storagetest.SessionPooling, storagetest.TransactionPooling} {
		t.Run(string(mode), func(t *testing.T) {
			storagetest.Exercise(t, func(t testing.TB) *storagetest.Database { return storagetest.PgBouncer(t, mode) })
		})
	}
}

// Before a database is unlocked, records cannot be read or written, and nothing can be hashed with a key.
func TestLockedDatabaseCanOnlyBeMigrated(t *testing.T) {
	locked := reflect.TypeFor[*storage.Locked]()
	var methods []string
	for i := range locked.NumMethod() {
		methods = append(methods, locked.Method(i).Name)
	}
	require.Equal(t, []string{
		"Clock", "Close", "Empty", "InTx", "Keyset", "Migrate", "Migrations", "Pending", "Ping", "Snapshot", "Stats", "Unlock", "UnsetLimits",
	}, methods)
}

// The suite calls every method of the store and of its records, so that any difference between the two databases is noticed.
func TestExerciseCallsEveryMethod(t *testing.T) {
	files, err := filepath.Glob("storagetest/*.go")
	require.NoError(t, err)
	var suite strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		suite.Write(text)
	}
	requireCalled := func(of reflect.Type, prefix string) {
		require.NotZero(t, of.NumMethod(), of)
		for method := range of.Methods() {
			require.True(t, strings.Contains(suite.String(), prefix+method.Name+"("), "no behaviour calls %s%s", prefix, method.Name)
		}
	}
	requireCalled(reflect.TypeFor[*storage.Store](), ".")
	for record := range reflect.TypeFor[storage.Store]().Fields() {
		if record.IsExported() {
			requireCalled(record.Type, "."+record.Name+".")
		}
	}
}
