package storage_test

import (
	"context"
	"database/sql/driver"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestOpenRefusesWrongAddresses(t *testing.T) {
	keyset, err := storage.NewKeyset()
	require.NoError(t, err)
	for _, address := range []string{
		"", "postern.db", "mysql://localhost/x", "sqlite:", "sqlite:a.db?mode=ro", "sqlite:a#b", "postgres://localhost/x?sslmode=perhaps",
	} {
		_, err := storage.Open(t.Context(), storage.Config{URL: address, Keyset: keyset})
		require.Error(t, err, address)
	}
	_, err = storage.Open(t.Context(), storage.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "x.db")})
	require.ErrorContains(t, err, "keyset")
	_, err = storage.Open(t.Context(), storage.Config{URL: "postgres://127.0.0.1:1/x?sslmode=disable", Keyset: keyset})
	require.ErrorIs(t, err, storage.ErrUnavailable)
	_, err = storage.Open(t.Context(), storage.Config{URL: "sqlite:" + t.TempDir(), Keyset: keyset})
	require.Error(t, err, "a folder is no file")
}

func TestSQLiteFilesAreTheOwnersOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	db := storagetest.SQLite(t)
	db.URL = "sqlite:" + filepath.Join(folder, "postern.db")
	s := db.OpenLocked(t)
	_, err := s.Migrate(t.Context())
	require.NoError(t, err)
	storagetest.User(t, s)
	info, err := os.Stat(folder)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 3, "the database, its write-ahead log and its index")
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file.Name())
	}
}

func TestLostConnectionsAreReplaced(t *testing.T) {
	db := storagetest.Postgres(t)
	s, raw := db.Open(t), db.SQL(t)
	u := storagetest.User(t, s)
	cut := func() {
		_, err := raw.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = current_schema() AND pid <> pg_backend_pid()`)
		require.NoError(t, err)
	}
	require.ErrorIs(t, s.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.RaiseEpoch(ctx, u.ID, now))
		cut()
		require.ErrorIs(t, s.RaiseEpoch(ctx, u.ID, now), storage.ErrUnavailable)
		return nil // who takes no notice commits nothing
	}), storage.ErrUnavailable)
	found, err := s.User(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u.Epoch, found.Epoch)

	atOnce([]*storage.Store{s}, func(int, *storage.Store) error { return s.Ping(t.Context()) }) // fills the pool
	cut()
	failures := 0
	for failures < racers {
		err := s.RaiseEpoch(t.Context(), u.ID, now)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, storage.ErrUnavailable)
		failures++
	}
	require.LessOrEqual(t, failures, s.Stats().MaxOpenConnections, "each dead connection is met once")
}

func TestReadOnlyServerIsUnavailableForWriting(t *testing.T) {
	db := storagetest.Postgres(t)
	u := storagetest.User(t, db.Open(t))
	address, err := url.Parse(db.URL)
	require.NoError(t, err)
	query := address.Query()
	query.Set("default_transaction_read_only", "on")
	address.RawQuery = query.Encode()
	s := (&storagetest.Database{URL: address.String(), Keyset: db.Keyset}).OpenLocked(t)
	_, err = s.User(t.Context(), u.ID)
	require.NoError(t, err)
	require.ErrorIs(t, s.RaiseEpoch(t.Context(), u.ID, now), storage.ErrUnavailable)
	require.ErrorIs(t, s.Unlock(t.Context()), storage.ErrUnavailable)
}

func TestStatementsHaveATimeLimit(t *testing.T) {
	db := storagetest.Postgres(t)
	address, err := url.Parse(db.URL)
	require.NoError(t, err)
	query := address.Query()
	query.Set("lock_timeout", "100ms")
	address.RawQuery = query.Encode()
	s := db.Open(t)
	hurried := (&storagetest.Database{URL: address.String(), Keyset: db.Keyset}).OpenLocked(t)
	u := storagetest.User(t, s)
	require.NoError(t, s.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.RaiseEpoch(ctx, u.ID, now))
		require.ErrorIs(t, hurried.RaiseEpoch(t.Context(), u.ID, now), storage.ErrUnavailable, "an address may set its own limit")
		return nil
	}))
}

func TestPoolIsBounded(t *testing.T) {
	db := storagetest.Postgres(t)
	db.Open(t)
	s, err := storage.Open(t.Context(), storage.Config{URL: db.URL, Keyset: db.Keyset, MaxConns: 2, Intercept: func(c driver.Connector) driver.Connector { return c }})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.Equal(t, 2, s.Stats().MaxOpenConnections)
	require.NoError(t, s.InTx(t.Context(), func(context.Context) error {
		return s.InTx(t.Context(), func(context.Context) error {
			short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			require.ErrorIs(t, s.Ping(short), storage.ErrUnavailable)
			return nil
		})
	}))
}
