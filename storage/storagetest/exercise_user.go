package storagetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var userBehaviours = []behaviour{
	{"a user is read as it was added", usersRoundTrip},
	{"a name is taken in every spelling", namesConflict},
	{"a user is found by id, user name and e-mail address", usersAreFound},
	{"users are listed in pages", usersAreListed},
	{"disabling a user ends everything and enabling brings nothing back", disablingEndsEverything},
	{"raising the epoch ends everything", raisingTheEpochEndsEverything},
	{"deleting a user leaves nothing", deletingLeavesNothing},
}

func usersRoundTrip(t *testing.T, db *Database) {
	s := db.Open(t)
	full := newUser()
	full.Admin, full.DisabledAt = true, storage.At(Now.Add(time.Microsecond))
	full.Claims = storage.Claims{"address": map[string]any{"country": "Österreich"}, "phone_number_verified": true}
	bare := storage.User{
		ID: storage.NewID(), Email: "bare@example.test", Groups: storage.Strings{}, Claims: storage.Claims{},
		CreatedAt: storage.At(Now), UpdatedAt: storage.At(Now),
	}
	for _, u := range []storage.User{full, bare} {
		require.NoError(t, s.Users.Add(t.Context(), u))
		found, err := s.Users.ByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, u, found)
	}
	require.True(t, full.Disabled())
	require.False(t, bare.Disabled())
	_, err := s.Users.ByID(t.Context(), "nobody")
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func namesConflict(t *testing.T, db *Database) {
	s := db.Open(t)
	first := newUser()
	first.Email, first.Username = "Straße@Example.test", "Ada"
	require.NoError(t, s.Users.Add(t.Context(), first))
	for _, c := range []struct{ email, username string }{
		{"straße@example.test", ""},
		{"STRASSE@EXAMPLE.TEST", ""},
		{"ｓtrasse@example.test", ""},
		{"other@example.test", "ADA"},
		{"other@example.test", "ａda"},
	} {
		u := newUser()
		u.Email, u.Username = c.email, c.username
		require.ErrorIs(t, s.Users.Add(t.Context(), u), storage.ErrConflict, c)
	}
	international := newUser()
	international.Email = "ada@bücher.example"
	require.NoError(t, s.Users.Add(t.Context(), international))
	for _, spelling := range []string{"ada@xn--bcher-kva.example", "ADA@BÜCHER.example", "ada@bu\u0308cher.example", "ａda＠bücher。example"} {
		u := newUser()
		u.Email = spelling
		require.ErrorIs(t, s.Users.Add(t.Context(), u), storage.ErrConflict, spelling)
		login, err := s.Passwords.ByLogin(t.Context(), spelling)
		require.NoError(t, err, spelling)
		require.Equal(t, international.ID, login.ID)
	}
	for _, email := range []string{"ada@straße.example", "ada@strasse.example"} { // different domains since IDNA 2008 (RFC 5891)
		u := newUser()
		u.Email = email
		require.NoError(t, s.Users.Add(t.Context(), u))
	}
	for i := range 2 { // an empty user name is never taken
		u := newUser()
		u.Email, u.Username = fmt.Sprintf("u%d@example.test", i), ""
		require.NoError(t, s.Users.Add(t.Context(), u))
	}
}

func usersAreFound(t *testing.T, db *Database) {
	s := db.Open(t)
	u := newUser()
	u.Email, u.Username = "Ada@Example.test", "Lovelace"
	require.NoError(t, s.Users.Add(t.Context(), u))
	for _, name := range []string{u.ID, "ada@example.test", "ADA@EXAMPLE.TEST", "lovelace", "LoveLace"} {
		found, err := s.Users.Find(t.Context(), name)
		require.NoError(t, err, name)
		require.Equal(t, u, found)
	}
	for _, name := range []string{"", "ada", "%", "lovelace "} {
		_, err := s.Users.Find(t.Context(), name)
		require.ErrorIs(t, err, storage.ErrNotFound, name)
	}

	other := newUser()
	other.Email, other.Username = "other@example.test", "ada@example.test"
	require.NoError(t, s.Users.Add(t.Context(), other))
	found, err := s.Users.Find(t.Context(), "ada@example.test")
	require.NoError(t, err)
	require.Equal(t, other.ID, found.ID, "the user name comes before the address")
	login, err := s.Passwords.ByLogin(t.Context(), "ada@example.test")
	require.NoError(t, err)
	require.Equal(t, other.ID, login.ID)
}

func usersAreListed(t *testing.T, db *Database) {
	s := db.Open(t)
	var ids []string
	for i := range 7 {
		u := newUser()
		u.CreatedAt = storage.At(Now.Add(time.Duration(i/2) * time.Second)) // some with the same time
		require.NoError(t, s.Users.Add(t.Context(), u))
		ids = append(ids, u.ID)
	}
	var listed []string
	for after := ""; ; {
		page, err := s.Users.List(t.Context(), after, 3)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, u := range page {
			listed = append(listed, u.ID)
		}
		after = listed[len(listed)-1]
	}
	require.ElementsMatch(t, ids, listed)
	_, err := s.Users.List(t.Context(), "gone", 3)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

// alive reports whether a half-done sign-in, a session and a grant can still be used.
func alive(t *testing.T, s *storage.Store, half, session []byte, g storage.Grant) (halfAlive, sessionAlive, grantAlive bool) {
	_, halfErr := s.Sessions.HalfSignIn(t.Context(), half, Now)
	_, sessionErr := s.Sessions.SignIn(t.Context(), session, "", Now)
	state, err := s.Grants.ByID(t.Context(), g.ID, "")
	require.NoError(t, err)
	return halfErr == nil, sessionErr == nil, !state.Ended(Now)
}

func disablingEndsEverything(t *testing.T, db *Database) {
	s := db.Open(t)
	u, _, _ := EnrolledUser(t, s)
	half, session, g := HalfSignIn(t, s, u), SignIn(t, s, u), Grant(t, s, u, Client(t, s))
	a, b, c := alive(t, s, half.TokenHash, session, g)
	require.True(t, a && b && c)

	later := Now.Add(time.Minute)
	require.NoError(t, s.Users.Disable(t.Context(), u.ID, later))
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.True(t, found.Disabled())
	require.Equal(t, storage.At(later), found.DisabledAt)
	a, b, c = alive(t, s, half.TokenHash, session, g)
	require.False(t, a || b || c)

	require.NoError(t, s.Users.Disable(t.Context(), u.ID, later.Add(time.Hour)))
	found, err = s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, storage.At(later), found.DisabledAt, "the first time stays")

	require.NoError(t, s.Users.Enable(t.Context(), u.ID, later))
	found, err = s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.False(t, found.Disabled())
	a, b, c = alive(t, s, half.TokenHash, session, g)
	require.False(t, a || b || c)

	_, err = s.Sessions.SignIn(t.Context(), SignIn(t, s, found), "", Now)
	require.NoError(t, err, "a new sign-in works")
	require.ErrorIs(t, s.Users.Disable(t.Context(), "nobody", Now), storage.ErrNotFound)
	require.ErrorIs(t, s.Users.Enable(t.Context(), "nobody", Now), storage.ErrNotFound)
}

func raisingTheEpochEndsEverything(t *testing.T, db *Database) {
	s := db.Open(t)
	u, _, _ := EnrolledUser(t, s)
	half, session, g := HalfSignIn(t, s, u), SignIn(t, s, u), Grant(t, s, u, Client(t, s))
	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
	a, b, c := alive(t, s, half.TokenHash, session, g)
	require.False(t, a || b || c)
	require.ErrorIs(t, s.Sessions.CompleteSignIn(t.Context(), half.TokenHash, completion(), Now), storage.ErrStale)
	require.ErrorIs(t, s.Users.RaiseEpoch(t.Context(), "nobody", Now), storage.ErrNotFound)
}

func deletingLeavesNothing(t *testing.T, db *Database) {
	s := db.Open(t)
	u, _, _ := EnrolledUser(t, s)
	c := Client(t, s)
	session, g := SignIn(t, s, u), Grant(t, s, u, c)
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, c.ID, storage.Access{Scopes: storage.Strings{"openid"}}, Now))
	link := newLink(u)
	require.NoError(t, s.Links.Add(t.Context(), link))
	_, err := s.Enrolments.Start(t.Context(), newEnrolment(u), Now)
	require.NoError(t, err)

	require.NoError(t, s.Users.Delete(t.Context(), u.ID))
	_, err = s.Sessions.SignIn(t.Context(), session, "", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	_, err = s.Grants.ByID(t.Context(), g.ID, "")
	require.ErrorIs(t, err, storage.ErrNotFound)
	raw := db.SQL(t)
	for _, table := range []string{"passwords", "authenticators", "recovery_codes", "tickets", "enrolments", "code_sheets", "sessions", "consents", "grants"} {
		var rows int
		require.NoError(t, raw.QueryRow(`SELECT count(*) FROM `+table).Scan(&rows))
		require.Zero(t, rows, table)
	}
	require.ErrorIs(t, s.Users.Delete(t.Context(), u.ID), storage.ErrNotFound)
}
