package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var consentBehaviours = []behaviour{
	{"consents are added and listed", consentsAreAdded},
	{"withdrawing a consent ends its grants", withdrawingEndsGrants},
	{"a withdrawn consent does not come back", withdrawnStaysWithdrawn},
	{"a grant is issued only while its consent exists", grantsRestOnConsents},
}

func consentsAreAdded(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, b := User(t, s), Client(t, s), Client(t, s)
	later := Now.Add(time.Minute)
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, a.ID, storage.Access{
		Scopes: storage.Strings{"openid"}, Claims: storage.Strings{"team", "birthdate"},
	}, Now))
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, b.ID, storage.Access{}, Now.Add(time.Second)))
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, a.ID, storage.Access{
		Scopes: storage.Strings{"openid", "email"}, Claims: storage.Strings{"picture", "team"},
	}, later))
	consents, err := s.Consents.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, []storage.Consent{
		{
			UserID: u.ID, ClientID: a.ID, CreatedAt: storage.At(Now), UpdatedAt: storage.At(later),
			Access: storage.Access{Scopes: storage.Strings{"email", "openid"}, Claims: storage.Strings{"birthdate", "picture", "team"}},
		},
		{
			UserID: u.ID, ClientID: b.ID, CreatedAt: storage.At(Now.Add(time.Second)), UpdatedAt: storage.At(Now.Add(time.Second)),
			Access: storage.Access{Scopes: storage.Strings{}, Claims: storage.Strings{}},
		},
	}, consents)
	consents, err = s.Consents.OfUser(t.Context(), User(t, s).ID)
	require.NoError(t, err)
	require.Empty(t, consents)
	require.ErrorIs(t, s.Consents.Add(t.Context(), "nobody", a.ID, storage.Access{}, Now), storage.ErrNotFound)
	require.ErrorIs(t, s.Consents.Add(t.Context(), u.ID, "nothing", storage.Access{}, Now), storage.ErrNotFound)
}

func withdrawnStaysWithdrawn(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, c.ID, storage.Access{Scopes: storage.Strings{"openid", "phone"}}, Now))
	require.NoError(t, s.Consents.Withdraw(t.Context(), u.ID, c.ID, Now))
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, c.ID, storage.Access{Scopes: storage.Strings{"openid", "email"}}, Now))
	consents, err := s.Consents.OfUser(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, storage.Strings{"email", "openid"}, consents[0].Scopes)
}

func grantsRestOnConsents(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	agree := func(at time.Time) {
		require.NoError(t, s.Consents.Add(t.Context(), u.ID, c.ID, storage.Access{Scopes: storage.Strings{"openid"}}, at))
	}
	issue := func(consentedAt time.Time) error {
		g := NewGrant(u, c)
		g.ConsentedAt = storage.At(consentedAt)
		return s.Grants.Issue(t.Context(), g, "")
	}
	require.ErrorIs(t, issue(Now), storage.ErrStale, "there is no consent")
	agree(Now)
	require.NoError(t, issue(Now))
	agree(Now.Add(time.Second))
	require.NoError(t, issue(Now), "more was granted since")
	require.NoError(t, s.Consents.Withdraw(t.Context(), u.ID, c.ID, Now))
	require.ErrorIs(t, issue(Now), storage.ErrStale)
	agree(Now.Add(2 * time.Second))
	require.ErrorIs(t, issue(Now), storage.ErrStale, "the consent is not the one that was read")
	require.NoError(t, issue(Now.Add(2*time.Second)))
	require.NoError(t, s.Grants.Issue(t.Context(), NewGrant(u, c), ""), "the grant needs no consent")
}

func withdrawingEndsGrants(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other, c, d := User(t, s), User(t, s), Client(t, s), Client(t, s)
	for _, client := range []storage.Client{c, d} {
		require.NoError(t, s.Consents.Add(t.Context(), u.ID, client.ID, storage.Access{Scopes: storage.Strings{"openid"}}, Now))
	}
	ended := Grant(t, s, u, c)
	stays := []storage.Grant{Grant(t, s, u, d), Grant(t, s, other, c)}
	require.NoError(t, s.Consents.Withdraw(t.Context(), u.ID, c.ID, Now))
	require.ErrorIs(t, s.Consents.Withdraw(t.Context(), u.ID, c.ID, Now), storage.ErrNotFound)
	state, err := s.Grants.ByID(t.Context(), ended.ID, "")
	require.NoError(t, err)
	require.True(t, state.Ended(Now))
	for _, g := range stays {
		state, err := s.Grants.ByID(t.Context(), g.ID, "")
		require.NoError(t, err)
		require.False(t, state.Ended(Now))
	}
}
