package storagetest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var pushedBehaviours = []behaviour{
	{"a pushed request belongs to its client and the first browser", pushedRequestsAreForOneBrowser},
	{"a pushed request is answered once", pushedRequestsAreAnsweredOnce},
	{"of fifty browsers one gets a pushed request", pushedRequestsAreRacedFor},
}

// push adds a client's request that is usable for a minute and kept for an hour.
func push(t *testing.T, s *storage.Store) storage.PushedRequest {
	t.Helper()
	p := storage.PushedRequest{
		Hash: storage.Hash(rand.Text()), ClientID: Client(t, s).ID, Request: "scope=openid&state=%C3%BC",
		CreatedAt: storage.At(Now), UsableUntil: storage.At(Now.Add(time.Minute)), ExpiresAt: storage.At(Now.Add(time.Hour)),
	}
	require.NoError(t, s.PushedRequests.Add(t.Context(), p))
	require.ErrorIs(t, s.PushedRequests.Add(t.Context(), p), storage.ErrConflict)
	return p
}

func pushedRequestsAreForOneBrowser(t *testing.T, db *Database) {
	s := db.Open(t)
	p, late := push(t, s), push(t, s)
	first, second := storage.Hash("first"), storage.Hash("second")
	_, err := s.PushedRequests.Take(t.Context(), p.Hash, late.ClientID, first, Now)
	require.ErrorIs(t, err, storage.ErrNotFound, "it is another client's")
	_, err = s.PushedRequests.Take(t.Context(), storage.Hash("other"), p.ClientID, first, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	text, err := s.PushedRequests.Take(t.Context(), late.Hash, late.ClientID, first, late.UsableUntil.Time)
	require.ErrorIs(t, err, storage.ErrStale, "no browser came in time")
	require.Equal(t, late.Request, text, "it says where to send the error")

	for _, at := range []time.Time{Now, p.UsableUntil.Add(time.Minute)} {
		text, err = s.PushedRequests.Take(t.Context(), p.Hash, p.ClientID, first, at)
		require.NoError(t, err, "the first browser may come again")
		require.Equal(t, p.Request, text)
	}
	_, err = s.PushedRequests.Take(t.Context(), p.Hash, p.ClientID, second, Now)
	require.ErrorIs(t, err, storage.ErrStale)
	_, err = s.PushedRequests.Take(t.Context(), p.Hash, p.ClientID, first, p.ExpiresAt.Time)
	require.ErrorIs(t, err, storage.ErrStale)
}

func pushedRequestsAreAnsweredOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	p := push(t, s)
	_, err := s.PushedRequests.Take(t.Context(), p.Hash, p.ClientID, storage.Hash("first"), Now)
	require.NoError(t, err)
	require.NoError(t, s.PushedRequests.Spend(t.Context(), p.Hash, Now))
	require.ErrorIs(t, s.PushedRequests.Spend(t.Context(), p.Hash, Now), storage.ErrStale)
	_, err = s.PushedRequests.Take(t.Context(), p.Hash, p.ClientID, storage.Hash("first"), Now)
	require.ErrorIs(t, err, storage.ErrStale)
}

func pushedRequestsAreRacedFor(t *testing.T, db *Database) {
	replicas := []*storage.Store{db.Open(t), db.Open(t)}
	p := push(t, replicas[0])
	errs := make(chan error)
	for i := range 50 {
		go func() {
			_, err := replicas[i%2].PushedRequests.Take(context.WithoutCancel(t.Context()), p.Hash, p.ClientID, storage.Hash(rand.Text()), Now)
			errs <- err
		}()
	}
	won := 0
	for range 50 {
		if err := <-errs; err == nil {
			won++
		} else {
			require.ErrorIs(t, err, storage.ErrStale)
		}
	}
	require.Equal(t, 1, won)
}
