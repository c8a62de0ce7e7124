package storagetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// What people see of their own account, and change in it.
var accountBehaviours = []behaviour{
	{"an overview counts what is alive", overviewsCount},
	{"apps are those with a consent or a living grant", appsAreListed},
	{"of two changes to the same claims one wins", claimsAreReplaced},
	{"ending the other sessions keeps one and ends every grant", otherSessionsEnd},
	{"ending a session ends its grants except those with offline access", sessionsTakeGrantsAlong},
	{"grants of a user are listed", grantsAreListed},
	{"the last administrator stays", lastAdministratorStays},
}

func overviewsCount(t *testing.T, db *Database) {
	s := db.Open(t)
	u, _, codes := EnrolledUser(t, s)
	require.NoError(t, s.RecoveryCodes.Spend(t.Context(), u.ID, codes[0], Now))
	SignIn(t, s, u)
	HalfSignIn(t, s, u)
	a, b := Client(t, s), Client(t, s)
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, a.ID, storage.Access{Scopes: storage.Strings{"openid"}}, Now))
	for _, c := range []storage.Client{a, b, b} {
		Grant(t, s, u, c)
	}
	o, err := s.Users.Overview(t.Context(), u.ID, Now)
	require.NoError(t, err)
	require.Equal(t, storage.Overview{
		PasswordChangedAt: storage.At(Now), Authenticators: 1, RecoveryCodesLeft: 9, Sessions: 1, Apps: 2,
	}, o)
	o, err = s.Users.Overview(t.Context(), u.ID, Now.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, 0, o.Sessions)
	require.Equal(t, 1, o.Apps, "the consent stays")
	o, err = s.Users.Overview(t.Context(), User(t, s).ID, Now)
	require.NoError(t, err)
	require.Equal(t, storage.Overview{}, o)
	_, err = s.Users.Overview(t.Context(), "nobody", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func appsAreListed(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other := User(t, s), User(t, s)
	asked, skipped, gone, foreign := Client(t, s), Client(t, s), Client(t, s), Client(t, s)
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, asked.ID, storage.Access{Scopes: storage.Strings{"openid", "email"}, Claims: storage.Strings{"birthdate"}}, Now))
	require.NoError(t, s.Consents.Add(t.Context(), other.ID, foreign.ID, storage.Access{Scopes: storage.Strings{"openid"}}, Now))
	Grant(t, s, other, foreign)
	first := Grant(t, s, u, skipped)
	second := NewGrant(u, skipped)
	second.Scopes, second.Claims, second.CreatedAt = storage.Strings{"openid", "offline_access"}, storage.Strings{"team"}, storage.At(Now.Add(time.Second))
	require.NoError(t, s.Grants.Issue(t.Context(), second, ""))
	later := Now.Add(time.Minute)
	require.NoError(t, s.Grants.RedeemCode(t.Context(), second.ID, storage.Redemption{Generation: 1, IdleUntil: later, ExpiresAt: later.Add(time.Hour)}, Now.Add(2*time.Second)))
	require.NoError(t, s.Grants.Revoke(t.Context(), Grant(t, s, u, gone).ID, "", Now))

	apps, err := s.Consents.Apps(t.Context(), u.ID, Now.Add(3*time.Second))
	require.NoError(t, err)
	for i := range apps {
		apps[i].GrantedAt, apps[i].UsedAt, apps[i].ConsentedAt = apps[i].GrantedAt.UTC(), apps[i].UsedAt.UTC(), apps[i].ConsentedAt.UTC()
	}
	require.Equal(t, []storage.App{
		{ClientID: asked.ID, Name: "Example", Access: storage.Access{Scopes: storage.Strings{"email", "openid"}, Claims: storage.Strings{"birthdate"}}, Consented: true, ConsentedAt: Now},
		{
			ClientID: skipped.ID, Name: "Example", Access: storage.Access{Scopes: storage.Strings{"offline_access", "openid"}, Claims: storage.Strings{"team"}},
			GrantedAt: first.CreatedAt.Time, UsedAt: Now.Add(2 * time.Second),
		},
	}, apps)

	require.NoError(t, s.Consents.Withdraw(t.Context(), u.ID, skipped.ID, Now), "an app that never asked can be stopped too")
	require.ErrorIs(t, s.Consents.Withdraw(t.Context(), u.ID, skipped.ID, Now), storage.ErrNotFound)
	require.ErrorIs(t, s.Consents.Withdraw(t.Context(), u.ID, foreign.ID, Now), storage.ErrNotFound)
	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
	apps, err = s.Consents.Apps(t.Context(), u.ID, Now)
	require.NoError(t, err)
	require.Len(t, apps, 1)
}

func claimsAreReplaced(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	require.NoError(t, s.Users.ReplaceClaims(t.Context(), u.ID, storage.Claims{"name": "Ada"}, u.UpdatedAt.Time, Now))
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, storage.Claims{"name": "Ada"}, found.Claims)
	require.True(t, found.UpdatedAt.After(u.UpdatedAt.Time), "even if the clock stands still")
	require.ErrorIs(t, s.Users.ReplaceClaims(t.Context(), u.ID, nil, u.UpdatedAt.Time, Now.Add(time.Hour)), storage.ErrStale)
	require.ErrorIs(t, s.Users.ReplaceClaims(t.Context(), "nobody", nil, u.UpdatedAt.Time, Now), storage.ErrStale)

	won := raceOf(50, func(i int) error {
		return s.Users.ReplaceClaims(context.Background(), u.ID, storage.Claims{"n": i}, found.UpdatedAt.Time, Now.Add(time.Minute))
	})
	require.Equal(t, 1, won)
}

// raceOf runs do n times at once and counts those that returned no error.
func raceOf(n int, do func(int) error) int {
	var won atomic.Int64
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			if do(i) == nil {
				won.Add(1)
			}
		})
	}
	wait.Wait()
	return int(won.Load())
}

func otherSessionsEnd(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	mine, theirs, half, grant := SignIn(t, s, u), SignIn(t, s, u), HalfSignIn(t, s, u), Grant(t, s, u, c)
	stranger := SignIn(t, s, User(t, s))
	kept, err := s.Sessions.SignIn(t.Context(), mine, "", Now)
	require.NoError(t, err)
	foreign, err := s.Sessions.SignIn(t.Context(), stranger, "", Now)
	require.NoError(t, err)
	_, err = s.Sessions.EndOthers(t.Context(), u.ID, foreign.ID(), Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.Sessions.SignIn(t.Context(), theirs, "", Now)
	require.NoError(t, err, "a refused call ends nothing")

	after, err := s.Sessions.EndOthers(t.Context(), u.ID, kept.ID(), Now)
	require.NoError(t, err)
	require.Equal(t, u.Epoch+1, after.Epoch)
	_, err = s.Sessions.SignIn(t.Context(), mine, "", Now)
	require.NoError(t, err)
	_, err = s.Sessions.SignIn(t.Context(), theirs, "", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.Sessions.HalfSignIn(t.Context(), half.TokenHash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	state, err := s.Grants.ByID(t.Context(), grant.ID, "")
	require.NoError(t, err)
	require.True(t, state.Ended(Now))
	_, err = s.Sessions.SignIn(t.Context(), stranger, "", Now)
	require.NoError(t, err)

	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
	_, err = s.Sessions.EndOthers(t.Context(), u.ID, kept.ID(), Now)
	require.ErrorIs(t, err, storage.ErrNotFound, "an ended session does not come back")
}

func sessionsTakeGrantsAlong(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	online, offline, other := NewGrant(u, c), NewGrant(u, c), NewGrant(u, c)
	offline.SID, offline.Scopes = online.SID, storage.Strings{"openid", "offline_access"}
	for _, g := range []storage.Grant{online, offline, other} {
		require.NoError(t, s.Grants.Issue(t.Context(), g, ""))
	}
	require.NoError(t, s.Grants.RevokeOfSession(t.Context(), User(t, s).ID, online.SID, Now), "another user has no grants in that session")
	ended := func(g storage.Grant) bool {
		state, err := s.Grants.ByID(t.Context(), g.ID, "")
		require.NoError(t, err)
		return state.Ended(Now)
	}
	require.False(t, ended(online))
	require.NoError(t, s.Grants.RevokeOfSession(t.Context(), u.ID, online.SID, Now))
	require.True(t, ended(online))
	require.False(t, ended(offline))
	require.False(t, ended(other))
}

func grantsAreListed(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	first, second := NewGrant(u, c), NewGrant(u, c)
	second.CreatedAt = storage.At(Now.Add(time.Second))
	for _, g := range []storage.Grant{first, second} {
		require.NoError(t, s.Grants.Issue(t.Context(), g, ""))
	}
	Grant(t, s, User(t, s), c)
	grants, err := s.Grants.OfUser(t.Context(), u.ID, 10)
	require.NoError(t, err)
	require.Equal(t, []storage.Grant{second, first}, grants)
	grants, err = s.Grants.OfUser(t.Context(), u.ID, 1)
	require.NoError(t, err)
	require.Len(t, grants, 1)
}

func lastAdministratorStays(t *testing.T, db *Database) {
	s := db.Open(t)
	admin := func() storage.User {
		u := newUser()
		u.Admin = true
		require.NoError(t, s.Users.Add(t.Context(), u))
		return u
	}
	require.NoError(t, s.Users.DeleteUnlessLastAdmin(t.Context(), User(t, s).ID))
	require.ErrorIs(t, s.Users.DeleteUnlessLastAdmin(t.Context(), "nobody"), storage.ErrNotFound)
	only, disabled := admin(), admin()
	require.NoError(t, s.Users.Disable(t.Context(), disabled.ID, Now))
	require.ErrorIs(t, s.Users.DeleteUnlessLastAdmin(t.Context(), only.ID), storage.ErrStale)

	admins := []storage.User{only}
	for range 49 {
		admins = append(admins, admin())
	}
	won := raceOf(50, func(i int) error { return s.Users.DeleteUnlessLastAdmin(context.Background(), admins[i].ID) })
	require.Equal(t, 49, won, "if all administrators are deleted at once, one stays")
}
