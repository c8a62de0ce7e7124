package storagetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var transactionBehaviours = []behaviour{
	{"a transaction commits its changes", transactionCommits},
	{"an error or a panic rolls back a transaction", transactionRollsBack},
	{"a nested transaction joins the outer one", transactionsJoin},
	{"only the transaction itself reads what it wrote", transactionIsIsolated},
	{"transactions that wait for each other both succeed", transactionsWaitForEachOther},
	{"a snapshot reads the state at one moment", snapshotsReadOneMoment},
	{"reads can be confirmed", readingIsConfirmed},
	{"text with NUL or broken UTF-8 is refused", brokenTextIsRefused},
}

func transactionCommits(t *testing.T, db *Database) {
	s := db.Open(t)
	var u storage.User
	require.NoError(t, s.InTx(t.Context(), func(ctx context.Context) error {
		u = newUser()
		return s.Users.Add(ctx, u)
	}))
	_, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
}

var errRefused = errors.New("refused")

func transactionRollsBack(t *testing.T, db *Database) {
	s := db.Open(t)
	u := newUser()
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.Users.Add(ctx, u))
		require.NoError(t, s.Passwords.Set(ctx, u.ID, "hash", Now))
		return errRefused
	})
	require.ErrorIs(t, err, errRefused)
	_, err = s.Users.ByID(t.Context(), u.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)

	require.PanicsWithValue(t, "boom", func() {
		_ = s.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, s.Users.Add(ctx, u))
			panic("boom")
		})
	})
	_, err = s.Users.ByID(t.Context(), u.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.NoError(t, s.Users.Add(t.Context(), u), "the connection is free again")
}

func transactionsJoin(t *testing.T, db *Database) {
	var counter Counter
	s := db.Open(t, counter.Intercept)
	u := newUser()
	counter.Reset()
	err := s.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.Users.Add(ctx, u))
		require.NoError(t, s.InTx(ctx, func(ctx context.Context) error {
			return s.RecoveryCodes.Replace(ctx, u.ID, []string{"a"})
		}))
		return errRefused
	})
	require.ErrorIs(t, err, errRefused)
	begun, ended := counter.Transactions()
	require.Equal(t, 1, begun)
	require.Equal(t, 1, ended)
	_, err = s.Users.ByID(t.Context(), u.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func transactionIsIsolated(t *testing.T, db *Database) {
	s := db.Open(t)
	u := newUser()
	require.NoError(t, s.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, s.Users.Add(ctx, u))
		_, err := s.Users.ByID(ctx, u.ID)
		require.NoError(t, err)
		_, err = s.Users.ByID(t.Context(), u.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		return nil
	}))
}

func transactionsWaitForEachOther(t *testing.T, db *Database) {
	s := db.Open(t)
	first, second := User(t, s), User(t, s)
	var met sync.WaitGroup
	met.Add(2)
	raise := func(users ...storage.User) error {
		var meet sync.Once
		return s.InTx(t.Context(), func(ctx context.Context) error {
			for _, u := range users {
				if err := s.Users.RaiseEpoch(ctx, u.ID, Now); err != nil {
					return err
				}
				if db.Postgres() { // SQLite has one writer
					meet.Do(func() {
						met.Done()
						met.Wait()
					})
				}
			}
			return nil
		})
	}
	other := make(chan error, 1)
	go func() { other <- raise(second, first) }()
	require.NoError(t, raise(first, second))
	require.NoError(t, <-other)
	for _, u := range []storage.User{first, second} {
		found, err := s.Users.ByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, u.Epoch+2, found.Epoch, "each transaction took effect once, as a whole")
	}
}

func snapshotsReadOneMoment(t *testing.T, db *Database) {
	s := db.Open(t)
	u, later := newUser(), newUser()
	require.NoError(t, s.Users.Add(t.Context(), u))
	require.ErrorIs(t, s.Snapshot(t.Context(), func(ctx context.Context) error {
		before, err := s.Users.ByID(ctx, u.ID)
		require.NoError(t, err)
		require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
		require.NoError(t, s.Users.Add(t.Context(), later))
		after, err := s.Users.ByID(ctx, u.ID)
		require.NoError(t, err)
		require.Equal(t, before, after)
		_, err = s.Users.ByID(ctx, later.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		return errRefused
	}), errRefused)
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u.Epoch+1, found.Epoch)
}

func readingIsConfirmed(t *testing.T, db *Database) {
	s := db.Open(t)
	require.NoError(t, s.Confirm(t.Context()))
	require.NoError(t, s.InTx(t.Context(), s.Confirm))
}

func brokenTextIsRefused(t *testing.T, db *Database) {
	s := db.Open(t)
	for _, broken := range []string{"a\x00b", "a\xffb"} {
		u := newUser()
		u.Email = broken
		require.ErrorIs(t, s.Users.Add(t.Context(), u), storage.ErrText)
		_, err := s.Users.ByID(t.Context(), broken)
		require.ErrorIs(t, err, storage.ErrNotFound)
		_, err = s.Users.Find(t.Context(), broken)
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.ErrorIs(t, s.Users.Delete(t.Context(), broken), storage.ErrNotFound)
		require.ErrorIs(t, s.Flows.End(t.Context(), broken), storage.ErrStale)
		_, _, err = s.Attempts.Count(t.Context(), Now, storage.Budget{Key: broken})
		require.ErrorIs(t, err, storage.ErrText)
	}
	u := newUser()
	u.Claims, u.Groups = storage.Claims{"name": "a\x00b"}, storage.Strings{"\x00"}
	require.NoError(t, s.Users.Add(t.Context(), u), "JSON escapes NUL")
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, u, found)
}
