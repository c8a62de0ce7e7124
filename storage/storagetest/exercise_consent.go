package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var consentBehaviours = []behaviour{
	{"consents are saved, replaced and listed", consentsAreSaved},
	{"withdrawing ends the grants that rested on it", withdrawingEndsGrants},
}

func consentsAreSaved(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, b := User(t, s), Client(t, s), Client(t, s)
	later := Now.Add(time.Minute)
	require.NoError(t, s.SaveConsent(t.Context(), u.ID, a.ID, []string{"openid"}, Now))
	require.NoError(t, s.SaveConsent(t.Context(), u.ID, b.ID, nil, Now.Add(time.Second)))
	require.NoError(t, s.SaveConsent(t.Context(), u.ID, a.ID, []string{"openid", "email"}, later))
	consents, err := s.Consents(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []storage.Consent{
		{UserID: u.ID, ClientID: a.ID, Scopes: storage.Strings{"openid", "email"}, CreatedAt: storage.At(Now), UpdatedAt: storage.At(later)},
		{UserID: u.ID, ClientID: b.ID, Scopes: storage.Strings{}, CreatedAt: storage.At(Now.Add(time.Second)), UpdatedAt: storage.At(Now.Add(time.Second))},
	}, consents)
	consents, err = s.Consents(t.Context(), User(t, s).ID)
	require.NoError(t, err)
	require.Empty(t, consents)
}

func withdrawingEndsGrants(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other, c, d := User(t, s), User(t, s), Client(t, s), Client(t, s)
	for _, client := range []storage.Client{c, d} {
		require.NoError(t, s.SaveConsent(t.Context(), u.ID, client.ID, []string{"openid"}, Now))
	}
	ended := Grant(t, s, u, c)
	stays := []storage.Grant{Grant(t, s, u, d), Grant(t, s, other, c)}
	require.NoError(t, s.WithdrawConsent(t.Context(), u.ID, c.ID, Now))
	require.ErrorIs(t, s.WithdrawConsent(t.Context(), u.ID, c.ID, Now), storage.ErrNotFound)
	state, err := s.Grant(t.Context(), ended.ID, "")
	require.NoError(t, err)
	require.True(t, state.Ended(Now))
	for _, g := range stays {
		state, err := s.Grant(t.Context(), g.ID, "")
		require.NoError(t, err)
		require.False(t, state.Ended(Now))
	}
}
