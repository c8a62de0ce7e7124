package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var clientBehaviours = []behaviour{
	{"a client is read as it was added", clientsRoundTrip},
	{"a change of an old version is refused", clientChangesNeedTheVersion},
	{"clients are listed in pages", clientsAreListed},
	{"deleting a client leaves nothing", deletingAClientLeavesNothing},
}

func clientsRoundTrip(t *testing.T, db *Database) {
	s := db.Open(t)
	full := storage.Client{
		ID: "a", Name: "Ünsere App", Metadata: storage.JSON(`{"redirect_uris": ["https://rp.example/cb"]}`), SecretMAC: []byte{0, 1, 2},
		OldSecretMAC: []byte{3}, OldSecretUntil: storage.At(Now.Add(time.Hour)), DisabledAt: storage.At(Now), Version: 1,
		CreatedAt: storage.At(Now), UpdatedAt: storage.At(Now),
	}
	bare := storage.Client{
		ID: "b", Metadata: storage.JSON(`{}`), Version: 1, CreatedAt: storage.At(Now), UpdatedAt: storage.At(Now),
	}
	for _, c := range []storage.Client{full, bare} {
		require.NoError(t, s.Clients.Add(t.Context(), c))
		found, err := s.Clients.ByID(t.Context(), c.ID)
		require.NoError(t, err)
		require.Equal(t, c, found)
	}
	require.ErrorIs(t, s.Clients.Add(t.Context(), full), storage.ErrConflict)
	_, err := s.Clients.ByID(t.Context(), "none")
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func clientChangesNeedTheVersion(t *testing.T, db *Database) {
	s := db.Open(t)
	c := Client(t, s)
	changed := c
	changed.Name, changed.SecretMAC, changed.DisabledAt = "New", []byte{9}, storage.At(Now)
	later := Now.Add(time.Minute)
	require.NoError(t, s.Clients.Update(t.Context(), changed, later))
	require.ErrorIs(t, s.Clients.Update(t.Context(), c, later), storage.ErrStale)
	found, err := s.Clients.ByID(t.Context(), c.ID)
	require.NoError(t, err)
	changed.Version, changed.UpdatedAt = 2, storage.At(later)
	require.Equal(t, changed, found)
	require.NoError(t, s.Clients.Update(t.Context(), found, later))
}

func clientsAreListed(t *testing.T, db *Database) {
	s := db.Open(t)
	var ids, listed []string
	for range 5 {
		ids = append(ids, Client(t, s).ID)
	}
	for after := ""; ; {
		page, err := s.Clients.List(t.Context(), after, 2)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			listed = append(listed, c.ID)
		}
		after = listed[len(listed)-1]
	}
	require.ElementsMatch(t, ids, listed)
	_, err := s.Clients.List(t.Context(), "gone", 2)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func deletingAClientLeavesNothing(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	g := Grant(t, s, u, c)
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, c.ID, storage.Access{Scopes: storage.Strings{"openid"}}, Now))
	f := newFlow(c)
	require.NoError(t, s.Flows.Add(t.Context(), f))

	require.NoError(t, s.Clients.Delete(t.Context(), c.ID))
	require.ErrorIs(t, s.Clients.Delete(t.Context(), c.ID), storage.ErrNotFound)
	_, err := s.Grants.ByID(t.Context(), g.ID, "")
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.Flows.ByID(t.Context(), f.ID, f.BrowserHash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	consents, err := s.Consents.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Empty(t, consents)
}
