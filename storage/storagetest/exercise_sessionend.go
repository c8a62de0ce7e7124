package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var sessionEndBehaviours = []behaviour{
	{"one session is kept and all others end", oneSessionIsKept},
	{"complete sessions end together with their grants", completeSessionsEnd},
	{"a sign-in with the last recovery code waits for an authenticator", lastCodeHolds},
}

func oneSessionIsKept(t *testing.T, db *Database) {
	s := db.Open(t)
	u, stranger := User(t, s), User(t, s)
	kept, ended, half := SignIn(t, s, u), SignIn(t, s, u), HalfSignIn(t, s, u)
	foreign := SignIn(t, s, stranger)
	here, err := s.Sessions.SignIn(t.Context(), kept, "", Now)
	require.NoError(t, err)
	given := grantsIn(t, s, u, kept, ended)
	require.NoError(t, s.Sessions.KeepOnly(t.Context(), here.User(), here.ID(), Now))
	require.Equal(t, []bool{false, true}, given.revoked(t), "their grants end too")
	_, err = s.Sessions.HalfSignIn(t.Context(), half.TokenHash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	for _, alive := range [][]byte{kept, foreign} {
		_, err = s.Sessions.SignIn(t.Context(), alive, "", Now)
		require.NoError(t, err)
	}
	_, err = s.Sessions.SignIn(t.Context(), ended, "", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)

	require.ErrorIs(t, s.Sessions.KeepOnly(t.Context(), here.User(), here.ID(), Now.Add(time.Hour)), storage.ErrStale, "idle")
	raised, err := s.Sessions.EndOthers(t.Context(), u.ID, here.ID(), Now)
	require.NoError(t, err)
	require.ErrorIs(t, s.Sessions.KeepOnly(t.Context(), here.User(), here.ID(), Now), storage.ErrStale, "the user was read before the epoch was raised")
	here, err = s.Sessions.SignIn(t.Context(), kept, "", Now)
	require.NoError(t, err)
	require.Equal(t, raised.Epoch, here.User().Epoch)
	require.NoError(t, s.Sessions.KeepOnly(t.Context(), here.User(), here.ID(), Now))
	require.NoError(t, s.Sessions.End(t.Context(), kept))
	require.ErrorIs(t, s.Sessions.KeepOnly(t.Context(), here.User(), here.ID(), Now), storage.ErrStale, "ended")
}

// givenGrants are two grants of each session: one that ends with it, and one with offline access.
type givenGrants struct {
	s          *storage.Store
	in, beyond []storage.Grant
}

func grantsIn(t *testing.T, s *storage.Store, u storage.User, sessions ...[]byte) givenGrants {
	t.Helper()
	given := givenGrants{s: s}
	c := Client(t, s)
	for _, hash := range sessions {
		signIn, err := s.Sessions.SignIn(t.Context(), hash, "", Now)
		require.NoError(t, err)
		in, beyond := NewGrant(u, c), NewGrant(u, c)
		in.SID, beyond.SID, beyond.Scopes = signIn.ID(), signIn.ID(), storage.Strings{"openid", "offline_access"}
		require.NoError(t, s.Grants.Issue(t.Context(), in, ""))
		require.NoError(t, s.Grants.Issue(t.Context(), beyond, ""))
		given.in, given.beyond = append(given.in, in), append(given.beyond, beyond)
	}
	return given
}

// revoked reports for each grant that ends with its session whether it is revoked. It asserts that no grant with offline access is.
func (g givenGrants) revoked(t *testing.T) (is []bool) {
	t.Helper()
	all, err := g.s.Grants.OfUser(t.Context(), g.in[0].UserID, 100)
	require.NoError(t, err)
	revokedAt := map[string]bool{}
	for _, one := range all {
		revokedAt[one.ID] = !one.RevokedAt.IsZero()
	}
	for i := range g.in {
		require.False(t, revokedAt[g.beyond[i].ID], "it has offline access")
		is = append(is, revokedAt[g.in[i].ID])
	}
	return is
}

func completeSessionsEnd(t *testing.T, db *Database) {
	s := db.Open(t)
	u, stranger := User(t, s), User(t, s)
	one, two, half := SignIn(t, s, u), SignIn(t, s, u), HalfSignIn(t, s, u)
	foreign := SignIn(t, s, stranger)
	given, theirs := grantsIn(t, s, u, one, two), grantsIn(t, s, stranger, foreign)
	require.NoError(t, s.Passwords.MarkExposed(t.Context(), u.ID, u.Epoch, Now)) // so that both are held
	require.NoError(t, s.Sessions.EndComplete(t.Context(), u.ID, Now))
	for _, ended := range [][]byte{one, two} {
		_, err := s.Sessions.HeldSignIn(t.Context(), ended, Now)
		require.ErrorIs(t, err, storage.ErrNotFound)
	}
	require.Equal(t, []bool{true, true}, given.revoked(t))
	require.Equal(t, []bool{false}, theirs.revoked(t))
	_, err := s.Sessions.HalfSignIn(t.Context(), half.TokenHash, Now)
	require.NoError(t, err)
	_, err = s.Sessions.SignIn(t.Context(), foreign, "", Now)
	require.NoError(t, err)
}

func lastCodeHolds(t *testing.T, db *Database) {
	s := db.Open(t)
	u, _, _ := EnrolledUser(t, s)
	half, c := HalfSignIn(t, s, u), completion()
	c.MustEnrol = true
	require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), half.TokenHash, c, Now))
	_, err := s.Sessions.SignIn(t.Context(), c.TokenHash, "", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.Sessions.HeldSignIn(t.Context(), c.TokenHash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	enrolling, err := s.Sessions.EnrollingSignIn(t.Context(), c.TokenHash, Now)
	require.NoError(t, err)
	require.Equal(t, u.ID, enrolling.User().ID)
	require.NotEmpty(t, enrolling.ID())
	sessions, err := s.Sessions.OfUser(t.Context(), u.ID, Now)
	require.NoError(t, err)
	require.Empty(t, sessions)
	overview, err := s.Users.Overview(t.Context(), u.ID, Now)
	require.NoError(t, err)
	require.Zero(t, overview.Sessions)

	whole := SignIn(t, s, u)
	_, err = s.Sessions.EnrollingSignIn(t.Context(), whole, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.Sessions.EnrollingSignIn(t.Context(), c.TokenHash, c.IdleUntil)
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.NoError(t, s.Passwords.MarkExposed(t.Context(), u.ID, u.Epoch, Now))
	_, err = s.Sessions.EnrollingSignIn(t.Context(), c.TokenHash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound, "a new password comes first")
	_, err = s.Sessions.HeldSignIn(t.Context(), c.TokenHash, Now)
	require.NoError(t, err)
}
