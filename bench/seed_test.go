package main

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/storagetest"
)

// Postern must be able to read the seeded rows.
func TestSeed(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		store := db.Open(t)
		client := storagetest.Client(t, store)
		now := time.Now()
		require.NoError(t, seed(t.Context(), databaseOf(db.URL), client.ID, 1500, 3100, now, io.Discard))

		user, err := store.Users.ByID(t.Context(), seedID("user", 1499))
		require.NoError(t, err)
		login, err := store.Passwords.ByLogin(t.Context(), user.Username)
		require.NoError(t, err)
		require.Equal(t, user.ID, login.ID)
		require.NotEmpty(t, login.Hash)

		state, err := store.Grants.ByID(t.Context(), seedID("grant", 3099), "")
		require.NoError(t, err)
		require.Equal(t, seedID("user", 99), state.UserID)
		require.False(t, state.Ended(now))
		require.Equal(t, int64(1+3099%40), state.Generation)

		var users, grants, authenticators int
		require.NoError(t, db.SQL(t).QueryRow(
			`SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM grants), (SELECT count(*) FROM authenticators)`,
		).Scan(&users, &grants, &authenticators))
		require.Equal(t, []int{1500, 3100, 1500}, []int{users, grants, authenticators})
	})
}

func TestSeededRowsDiffer(t *testing.T) {
	require.Len(t, seedID("user", 1), 26)
	require.NotEqual(t, seedID("user", 1), seedID("user", 2))
	require.NotEqual(t, seedID("user", 1), seedID("grant", 1))
	now := time.Unix(1_800_000_000, 0)
	require.Equal(t, now.UnixMicro(), seedTime(0, now))
	require.Equal(t, now.Add(-7919*time.Second).UnixMicro(), seedTime(1, now))
}
