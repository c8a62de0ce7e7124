package storagetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var flowBehaviours = []behaviour{
	{"a flow belongs to the browser that began it", flowsBelongToABrowser},
	{"a flow remembers consent and refusal", flowsRemember},
	{"a flow is answered once", flowsAreAnsweredOnce},
}

func newFlow(c storage.Client) storage.Flow {
	return storage.Flow{
		ID: storage.NewID(), BrowserHash: storage.Hash(rand.Text()), ClientID: c.ID, Request: "scope=openid&state=%C3%BC",
		CreatedAt: storage.At(Now), ExpiresAt: storage.At(Now.Add(10 * time.Minute)),
	}
}

func flowsBelongToABrowser(t *testing.T, db *Database) {
	s := db.Open(t)
	f := newFlow(Client(t, s))
	require.NoError(t, s.Flows.Add(t.Context(), f))
	require.ErrorIs(t, s.Flows.Add(t.Context(), f), storage.ErrConflict)
	found, err := s.Flows.ByID(t.Context(), f.ID, f.BrowserHash, Now)
	require.NoError(t, err)
	require.Equal(t, f, found)
	for name, get := range map[string]func() error{
		"another browser": func() error { _, err := s.Flows.ByID(t.Context(), f.ID, storage.Hash("other"), Now); return err },
		"no browser":      func() error { _, err := s.Flows.ByID(t.Context(), f.ID, nil, Now); return err },
		"another flow":    func() error { _, err := s.Flows.ByID(t.Context(), "other", f.BrowserHash, Now); return err },
		"too late":        func() error { _, err := s.Flows.ByID(t.Context(), f.ID, f.BrowserHash, f.ExpiresAt.Time); return err },
	} {
		require.ErrorIs(t, get(), storage.ErrNotFound, name)
	}
}

func flowsRemember(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	f, over := newFlow(c), newFlow(c)
	over.ExpiresAt = storage.At(Now)
	require.NoError(t, s.Flows.Add(t.Context(), f))
	require.NoError(t, s.Flows.Add(t.Context(), over))
	require.ErrorIs(t, s.Flows.Consent(t.Context(), over.ID, u.ID, Now), storage.ErrNotFound)
	require.ErrorIs(t, s.Flows.Deny(t.Context(), over.ID, Now), storage.ErrNotFound)
	require.ErrorIs(t, s.Flows.Deny(t.Context(), "none", Now), storage.ErrNotFound)

	require.NoError(t, s.Flows.Consent(t.Context(), f.ID, u.ID, Now))
	f.ConsentedAt, f.ConsentedBy = storage.At(Now), u.ID
	found, err := s.Flows.ByID(t.Context(), f.ID, f.BrowserHash, Now)
	require.NoError(t, err)
	require.Equal(t, f, found)

	later := Now.Add(time.Second)
	require.NoError(t, s.Flows.Deny(t.Context(), f.ID, later))
	require.ErrorIs(t, s.Flows.Consent(t.Context(), f.ID, u.ID, later), storage.ErrNotFound, "the refusal stays")
	f.DeniedAt = storage.At(later)
	found, err = s.Flows.ByID(t.Context(), f.ID, f.BrowserHash, Now)
	require.NoError(t, err)
	require.Equal(t, f, found)
}

func flowsAreAnsweredOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	f := newFlow(Client(t, s))
	require.NoError(t, s.Flows.Add(t.Context(), f))
	require.NoError(t, s.Flows.End(t.Context(), f.ID))
	require.ErrorIs(t, s.Flows.End(t.Context(), f.ID), storage.ErrStale)
	_, err := s.Flows.ByID(t.Context(), f.ID, f.BrowserHash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
}
