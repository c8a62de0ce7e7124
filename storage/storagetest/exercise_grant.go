package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var grantBehaviours = []behaviour{
	{"a grant is read by id and by code", grantsRoundTrip},
	{"a code is redeemed once, before it expires", codesAreRedeemedOnce},
	{"a refresh token is rotated once, before it expires", refreshTokensRotateOnce},
	{"refresh tokens stay bound to their key", refreshTokensKeepTheirKey},
	{"a revoked grant cannot be used", revokedGrantsGiveNothing},
	{"a grant ends with its user, its client and its time", grantsEnd},
	{"wrong verifiers are counted", codeFailuresAreCounted},
	{"a single access token is revoked", accessTokensAreRevoked},
}

func grantsRoundTrip(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	g := Grant(t, s, u, c)
	want := storage.GrantState{Grant: g, User: u}
	found, err := s.Grants.ByID(t.Context(), g.ID, "")
	require.NoError(t, err)
	require.Equal(t, want, found)
	found, err = s.Grants.ByCode(t.Context(), g.CodeHash)
	require.NoError(t, err)
	require.Equal(t, want, found)
	require.False(t, found.Ended(Now))

	_, err = s.Grants.ByID(t.Context(), "none", "")
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.Grants.ByCode(t.Context(), storage.Hash("none"))
	require.ErrorIs(t, err, storage.ErrNotFound)
	again := NewGrant(u, c)
	again.CodeHash = g.CodeHash
	require.ErrorIs(t, s.Grants.Issue(t.Context(), again, ""), storage.ErrConflict)
}

func codesAreRedeemedOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	g, late := Grant(t, s, u, c), Grant(t, s, u, c)
	require.ErrorIs(t, s.Grants.RedeemCode(t.Context(), late.ID, storage.Redemption{}, late.CodeExpiresAt.Time), storage.ErrStale)

	r := storage.Redemption{Generation: 1, IdleUntil: Now.Add(14 * 24 * time.Hour), ExpiresAt: Now.Add(90 * 24 * time.Hour)}
	require.NoError(t, s.Grants.RedeemCode(t.Context(), g.ID, r, Now))
	require.ErrorIs(t, s.Grants.RedeemCode(t.Context(), g.ID, r, Now), storage.ErrStale)
	found, err := s.Grants.ByCode(t.Context(), g.CodeHash)
	require.NoError(t, err)
	g.CodeUsedAt, g.Generation, g.RotatedAt = storage.At(Now), 1, storage.At(Now)
	g.IdleUntil, g.ExpiresAt = storage.At(r.IdleUntil), storage.At(r.ExpiresAt)
	require.Equal(t, storage.GrantState{Grant: g, User: u}, found, "a spent code still leads to its grant")
}

func refreshTokensRotateOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	g := Grant(t, s, User(t, s), Client(t, s))
	idle := Now.Add(time.Hour)
	require.ErrorIs(t, s.Grants.RotateRefreshToken(t.Context(), g.ID, 0, "", idle, Now), storage.ErrStale, "no refresh token was issued")
	require.NoError(t, s.Grants.RedeemCode(t.Context(), g.ID, storage.Redemption{Generation: 1, IdleUntil: idle, ExpiresAt: Now.Add(3 * time.Hour)}, Now))

	later := Now.Add(time.Minute)
	require.NoError(t, s.Grants.RotateRefreshToken(t.Context(), g.ID, 1, "", later.Add(time.Hour), later))
	for _, generation := range []int64{0, 1, 3} {
		require.ErrorIs(t, s.Grants.RotateRefreshToken(t.Context(), g.ID, generation, "", idle, later), storage.ErrStale, generation)
	}
	found, err := s.Grants.ByID(t.Context(), g.ID, "")
	require.NoError(t, err)
	require.Equal(t, int64(2), found.Generation)
	require.Equal(t, storage.At(later), found.RotatedAt)

	idle = later.Add(time.Hour)
	require.ErrorIs(t, s.Grants.RotateRefreshToken(t.Context(), g.ID, 2, "", idle.Add(time.Hour), idle), storage.ErrStale, "idle too long")
	require.NoError(t, s.Grants.RotateRefreshToken(t.Context(), g.ID, 2, "", idle.Add(9*time.Hour), idle.Add(-time.Microsecond)))
	end := Now.Add(3 * time.Hour)
	require.ErrorIs(t, s.Grants.RotateRefreshToken(t.Context(), g.ID, 3, "", end.Add(time.Hour), end), storage.ErrStale, "the family has expired")
}

// Refresh tokens are bound to a key when the code is redeemed or later. Then they stay bound to it.
func refreshTokensKeepTheirKey(t *testing.T, db *Database) {
	s := db.Open(t)
	idle := Now.Add(time.Hour)
	for name, c := range map[string]struct{ first, then, bound string }{
		"from the first": {"k1", "", "k1"}, "again": {"k1", "k1", "k1"}, "later": {"", "k2", "k2"}, "never": {"", "", ""},
	} {
		g := Grant(t, s, User(t, s), Client(t, s))
		require.NoError(t, s.Grants.RedeemCode(t.Context(), g.ID, storage.Redemption{Generation: 1, IdleUntil: idle, ExpiresAt: idle, JKT: c.first}, Now))
		require.NoError(t, s.Grants.RotateRefreshToken(t.Context(), g.ID, 1, c.then, idle, Now))
		found, err := s.Grants.ByID(t.Context(), g.ID, "")
		require.NoError(t, err)
		require.Equal(t, c.bound, found.JKT, name)
	}
}

func revokedGrantsGiveNothing(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	unused, used := Grant(t, s, u, c), Grant(t, s, u, c)
	r := storage.Redemption{Generation: 1, IdleUntil: Now.Add(time.Hour), ExpiresAt: Now.Add(time.Hour)}
	require.NoError(t, s.Grants.RedeemCode(t.Context(), used.ID, r, Now))
	for _, g := range []storage.Grant{unused, used} {
		require.NoError(t, s.Grants.Revoke(t.Context(), g.ID, "", Now))
		require.ErrorIs(t, s.Grants.Revoke(t.Context(), g.ID, "", Now), storage.ErrStale)
		found, err := s.Grants.ByID(t.Context(), g.ID, "")
		require.NoError(t, err)
		require.True(t, found.Ended(Now))
		require.Equal(t, storage.At(Now), found.RevokedAt)
	}
	require.ErrorIs(t, s.Grants.RedeemCode(t.Context(), unused.ID, r, Now), storage.ErrStale)
	require.ErrorIs(t, s.Grants.RotateRefreshToken(t.Context(), used.ID, 1, "", Now.Add(time.Hour), Now), storage.ErrStale)
	require.ErrorIs(t, s.Grants.Revoke(t.Context(), "none", "", Now), storage.ErrStale)
}

func grantsEnd(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	g := Grant(t, s, u, c)
	state := func() storage.GrantState {
		found, err := s.Grants.ByID(t.Context(), g.ID, "")
		require.NoError(t, err)
		return found
	}
	require.False(t, state().Ended(g.ExpiresAt.Add(-time.Microsecond)))
	require.True(t, state().Ended(g.ExpiresAt.Time))

	c.DisabledAt = storage.At(Now)
	require.NoError(t, s.Clients.Update(t.Context(), c, Now))
	require.True(t, state().ClientDisabled)
	require.True(t, state().Ended(Now))
	c.DisabledAt, c.Version = storage.Time{}, 2
	require.NoError(t, s.Clients.Update(t.Context(), c, Now))
	require.False(t, state().Ended(Now))

	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
	require.True(t, state().Ended(Now))
}

func codeFailuresAreCounted(t *testing.T, db *Database) {
	s := db.Open(t)
	g := Grant(t, s, User(t, s), Client(t, s))
	for i := range 3 {
		failures, err := s.Grants.CountCodeFailure(t.Context(), g.ID)
		require.NoError(t, err)
		require.Equal(t, i+1, failures)
	}
	_, err := s.Grants.CountCodeFailure(t.Context(), "none")
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func accessTokensAreRevoked(t *testing.T, db *Database) {
	s := db.Open(t)
	g := Grant(t, s, User(t, s), Client(t, s))
	for range 2 {
		require.NoError(t, s.Grants.RevokeAccessToken(t.Context(), "token", Now.Add(time.Minute)))
	}
	for id, revoked := range map[string]bool{"token": true, "other": false, "": false} {
		found, err := s.Grants.AccessTokenRevoked(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, revoked, found, id)
		state, err := s.Grants.ByID(t.Context(), g.ID, id)
		require.NoError(t, err)
		require.Equal(t, revoked, state.TokenRevoked, id)
	}
}
