package storagetest

import (
	"crypto/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var initialTokenBehaviours = []behaviour{
	{"an initial access token has a number of uses and an end", initialTokensAreSpent},
	{"of 50 registrations at once with one use left, one succeeds", initialTokensAreSpentOnce},
	{"initial access tokens are listed in pages, and removed", initialTokensAreListed},
	{"clients that registered themselves are counted", selfRegisteredClientsAreCounted},
}

func initialToken(t *testing.T, s *storage.Store, uses int64) storage.InitialToken {
	t.Helper()
	token := storage.InitialToken{
		ID: storage.NewID(), Hash: storage.Hash(rand.Text()), Uses: uses, UsesLeft: uses, CreatedAt: storage.At(Now), ExpiresAt: storage.At(Now.Add(time.Hour)),
	}
	require.NoError(t, s.InitialTokens.Add(t.Context(), token))
	return token
}

func initialTokensAreSpent(t *testing.T, db *Database) {
	s := db.Open(t)
	token := initialToken(t, s, 2)
	found, err := s.InitialTokens.ByHash(t.Context(), token.Hash, Now)
	require.NoError(t, err)
	require.Equal(t, token, found)
	_, err = s.InitialTokens.Spend(t.Context(), token.Hash, Now.Add(time.Hour))
	require.ErrorIs(t, err, storage.ErrNotFound, "it has expired")
	_, err = s.InitialTokens.ByHash(t.Context(), token.Hash, Now.Add(time.Hour))
	require.ErrorIs(t, err, storage.ErrNotFound)
	for range 2 {
		id, err := s.InitialTokens.Spend(t.Context(), token.Hash, Now)
		require.NoError(t, err)
		require.Equal(t, token.ID, id)
	}
	_, err = s.InitialTokens.Spend(t.Context(), token.Hash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.InitialTokens.ByHash(t.Context(), token.Hash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func initialTokensAreSpentOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	token := initialToken(t, s, 1)
	var won atomic.Int64
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, err := s.InitialTokens.Spend(t.Context(), token.Hash, Now); err == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.Equal(t, int64(1), won.Load())
}

func initialTokensAreListed(t *testing.T, db *Database) {
	s := db.Open(t)
	for range 3 {
		initialToken(t, s, 1)
	}
	first, err := s.InitialTokens.List(t.Context(), "", 2)
	require.NoError(t, err)
	require.Len(t, first, 2)
	rest, err := s.InitialTokens.List(t.Context(), first[1].ID, 2)
	require.NoError(t, err)
	require.Len(t, rest, 1)
	require.NoError(t, s.InitialTokens.Delete(t.Context(), rest[0].ID))
	require.ErrorIs(t, s.InitialTokens.Delete(t.Context(), rest[0].ID), storage.ErrNotFound)
}

func selfRegisteredClientsAreCounted(t *testing.T, db *Database) {
	s := db.Open(t)
	Client(t, s)
	for _, id := range []string{"x", "y", "z"} {
		c := storage.Client{
			ID: id, Metadata: storage.JSON(`{}`), RegistrationHash: storage.Hash(id), Version: 1, CreatedAt: storage.At(Now), UpdatedAt: storage.At(Now),
		}
		require.NoError(t, s.Clients.Add(t.Context(), c))
		found, err := s.Clients.ByID(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, c, found)
	}
	for most, want := range map[int]int{10: 3, 2: 2} {
		count, err := s.Clients.CountSelfRegistered(t.Context(), most)
		require.NoError(t, err)
		require.Equal(t, want, count)
	}
}
