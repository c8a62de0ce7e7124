package storagetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var keyBehaviours = []behaviour{
	{"signing keys are listed in order of age", keysRoundTrip},
	{"a key is retired once and deleted after its publication", keysAreRetired},
}

func newSigningKey(id string) storage.SigningKey {
	return storage.SigningKey{
		ID: id, Algorithm: "ES256", Public: json.RawMessage(`{"kty":"EC"}`), Private: []byte{0, 1, 2, 255},
		CreatedAt: Now, SignsFrom: Now.Add(24 * time.Hour),
	}
}

func signingKey(t *testing.T, s *storage.Store, id string) storage.SigningKey {
	t.Helper()
	k := newSigningKey(id)
	require.NoError(t, s.Keys.Add(t.Context(), k))
	return k
}

func keysRoundTrip(t *testing.T, db *Database) {
	s := db.Open(t)
	newer := newSigningKey("a")
	newer.CreatedAt, newer.RetiredAt, newer.PublishedUntil = Now.Add(time.Second), Now.Add(time.Hour), Now.Add(2*time.Hour)
	require.NoError(t, s.Keys.Add(t.Context(), newer))
	older := signingKey(t, s, "b")
	require.ErrorIs(t, s.Keys.Add(t.Context(), newer), storage.ErrConflict)
	keys, err := s.Keys.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []storage.SigningKey{older, newer}, keys)
}

func keysAreRetired(t *testing.T, db *Database) {
	s := db.Open(t)
	k := signingKey(t, s, "a")
	stays := signingKey(t, s, "b")
	at, until := Now.Add(time.Hour), Now.Add(2*time.Hour)
	require.NoError(t, s.Keys.Retire(t.Context(), k.ID, at, until))
	require.ErrorIs(t, s.Keys.Retire(t.Context(), k.ID, at, until), storage.ErrStale)
	require.ErrorIs(t, s.Keys.Retire(t.Context(), "none", at, until), storage.ErrNotFound)
	k.RetiredAt, k.PublishedUntil = at, until
	keys, err := s.Keys.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []storage.SigningKey{k, stays}, keys)

	deleted, err := s.Keys.DeleteExpired(t.Context(), until.Add(-time.Microsecond))
	require.NoError(t, err)
	require.Zero(t, deleted)
	deleted, err = s.Keys.DeleteExpired(t.Context(), until)
	require.NoError(t, err)
	require.Equal(t, int64(1), deleted)
	keys, err = s.Keys.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, []storage.SigningKey{stays}, keys)
}
