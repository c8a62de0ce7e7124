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
	require.Error(t, err, "a folder is not a file")
}

func TestSQLiteFilesAreTheOwnersOnly(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "folder")
	db := storagetest.SQLite(t)
	db.URL = "sqlite:" + filepath.Join(folder, "postern.db")
	locked := db.OpenLocked(t)
	_, err := locked.Migrate(t.Context(), nil)
	require.NoError(t, err)
	storagetest.User(t, storagetest.Unlock(t, locked))
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
		require.NoError(t, s.Users.RaiseEpoch(ctx, u.ID, now))
		cut()
		require.ErrorIs(t, s.Users.RaiseEpoch(ctx, u.ID, now), storage.ErrUnavailable)
		return nil // a caller that ignores the error commits nothing
	}), storage.ErrUnavailable)
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u.Epoch, found.Epoch)

	atOnce([]*storage.Store{s}, func(int, *storage.Store) error { return s.Ping(t.Context()) }) // fill the pool
	cut()
	failures := 0
	for failures < racers {
		err := s.Users.RaiseEpoch(t.Context(), u.ID, now)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, storage.ErrUnavailable)
		failures++
	}
	require.LessOrEqual(t, failures, s.Stats().MaxOpenConnections, "each dead connection causes at most one failure")
}

func TestReadOnlyServerIsUnavailableForWriting(t *testing.T) {
	db := storagetest.Postgres(t)
	_, err := db.OpenLocked(t).Migrate(t.Context(), nil)
	require.NoError(t, err)
	readOnly := db.With(t, "default_transaction_read_only", "on")
	_, err = readOnly.OpenLocked(t).Unlock(t.Context())
	require.ErrorIs(t, err, storage.ErrUnavailable, "no key can be made")

	u := storagetest.User(t, db.Open(t))
	s := storagetest.Unlock(t, readOnly.OpenLocked(t))
	_, err = s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.ErrorIs(t, s.Users.RaiseEpoch(t.Context(), u.ID, now), storage.ErrUnavailable)
}

func TestStatementsHaveATimeLimit(t *testing.T) {
	db := storagetest.Postgres(t)
	address, err := url.Parse(db.URL)
	require.NoError(t, err)
	query := address.Query()
	query.Set("lock_timeout", "100ms")
	address.RawQuery = query.Encode()
	s := db.Open(t)
	hurried := storagetest.Unlock(t, (&storagetest.Database{URL: address.String(), Keyset: db.Keyset}).OpenLocked(t))
	u := storagetest.User(t, s)
	require.NoError(t, s.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.Users.RaiseEpoch(ctx, u.ID, now))
		require.ErrorIs(t, hurried.Users.RaiseEpoch(t.Context(), u.ID, now), storage.ErrUnavailable, "the URL may set another limit")
		return nil
	}))
}

// Statements are written for read committed. With another default of the role or database, the losers of a race would get an error of the
// database.
func TestIsolationIsReadCommittedWhateverTheDefault(t *testing.T) {
	db := storagetest.Postgres(t)
	u := storagetest.User(t, db.Open(t))
	var counter storagetest.Counter
	s := storagetest.Unlock(t, db.With(t, "options", "-c default_transaction_isolation=serializable").OpenLocked(t, counter.Intercept))
	counter.Reset()
	for _, err := range atOnce([]*storage.Store{s}, func(int, *storage.Store) error { return s.Users.RaiseEpoch(t.Context(), u.ID, now) }) {
		require.NoError(t, err)
	}
	require.Equal(t, racers, counter.Count(), "no statement was run again")

	// Transactions set the level themselves, for connections that lose their settings.
	s = db.Open(t, func(c driver.Connector) driver.Connector { return strictConnector{c} })
	for _, err := range atOnce([]*storage.Store{s}, func(int, *storage.Store) error {
		return s.InTx(t.Context(), func(ctx context.Context) error {
			if _, err := s.Users.ByID(ctx, u.ID); err != nil {
				return err
			}
			return s.Users.RaiseEpoch(ctx, u.ID, now)
		})
	}) {
		require.NoError(t, err)
	}
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u.Epoch+2*racers, found.Epoch)
}

// strictConnector makes connections whose transactions are serializable by default.
type strictConnector struct{ driver.Connector }

func (c strictConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err == nil {
		_, err = conn.(driver.ExecerContext).ExecContext(ctx, `SET default_transaction_isolation = serializable`, nil)
	}
	return conn, err
}

// A single statement, too, is run again if it was the victim of a deadlock.
func TestVictimOfADeadlockIsRunAgain(t *testing.T) {
	db := storagetest.Postgres(t)
	s, raw := db.Open(t), db.SQL(t)
	u := storagetest.User(t, s)
	storagetest.SignIn(t, s, u)
	storagetest.SignIn(t, s, u)
	tx, err := raw.Begin()
	require.NoError(t, err)
	_, err = tx.Exec(`UPDATE sessions SET idle_until = idle_until WHERE ctid = (SELECT max(ctid) FROM sessions)`)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := s.Sessions.EndAll(t.Context(), u.ID)
		ended <- err
	}()
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, raw.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE application_name = current_schema() AND wait_event_type = 'Lock'`).
			Scan(&waiting))
		return waiting == 1
	}, 5*time.Second, 10*time.Millisecond)
	_, err = tx.Exec(`UPDATE sessions SET idle_until = idle_until WHERE ctid = (SELECT min(ctid) FROM sessions)`)
	require.NoError(t, err, "the transaction that waited first is the victim")
	require.NoError(t, tx.Commit())
	require.NoError(t, <-ended)
	left, err := s.Sessions.OfUser(t.Context(), u.ID, now)
	require.NoError(t, err)
	require.Empty(t, left)
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

func TestUnusedConnectionsAreClosed(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		db.Open(t)
		s, err := storage.Open(t.Context(), storage.Config{URL: db.URL, Keyset: db.Keyset, IdleTime: 10 * time.Millisecond})
		require.NoError(t, err)
		defer func() { require.NoError(t, s.Close()) }()
		require.NoError(t, s.Ping(t.Context()))
		require.Eventually(t, func() bool { return s.Stats().OpenConnections == 0 }, 10*time.Second, 10*time.Millisecond)
		require.NoError(t, s.Ping(t.Context()))
	})
}

func TestSQLiteTakesEveryPath(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{
		"a%20b/postern.db", "a b.db", "100%.db", "%zz", "a&b=c;d+e", "Ünïcödé/株.db", "it's \"quoted\"", `back\slash`, ":memory:", "file:x.db", "a//b.db",
		" ", filepath.Join(t.TempDir(), "%41bsolute.db"), "//" + filepath.Join(t.TempDir(), "slashes.db"),
	} {
		t.Run(path, func(t *testing.T) {
			db := storagetest.SQLite(t)
			db.URL = "sqlite:" + path
			first := db.OpenLocked(t)
			_, err := first.Migrate(t.Context(), nil)
			require.NoError(t, err)
			u := storagetest.User(t, storagetest.Unlock(t, first))
			require.FileExists(t, path+"-wal", "the database is in the named file")
			found, err := storagetest.Unlock(t, db.OpenLocked(t)).Users.ByID(t.Context(), u.ID)
			require.NoError(t, err)
			require.Equal(t, u, found)
		})
	}
}
