package storagetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var sessionBehaviours = []behaviour{
	{"a half-done sign-in is read with the authenticators, and is not a sign-in", halfSignInsRoundTrip},
	{"a half-done sign-in expires", halfSignInsEnd},
	{"a sign-in is completed once, under a new cookie", signInsAreCompletedOnce},
	{"a sign-in is read with the consent to a client", signInsTellConsents},
	{"a sign-in ends when it is idle, has expired or is ended", signInsEnd},
	{"using a session prolongs it but never revives it", touchingProlongs},
	{"sessions are listed and ended one by one", sessionsAreListed},
	{"a user has at most a hundred sessions", sessionsAreLimited},
	{"the audit entry is filed with the statement", auditEntriesRide},
}

func completion() storage.Completion {
	return storage.Completion{
		TokenHash: storage.Hash(rand.Text()), Methods: []string{"pwd", "otp", "mfa"},
		IdleUntil: Now.Add(time.Hour), ExpiresAt: Now.Add(24 * time.Hour),
	}
}

func halfSignInsRoundTrip(t *testing.T, db *Database) {
	s := db.Open(t)
	u, a, _ := EnrolledUser(t, s)
	b := a
	b.ID, b.Name, b.CreatedAt, b.LastUsedAt = storage.NewID(), "Tablet", Now.Add(time.Second), Now.Add(time.Minute)
	require.NoError(t, s.Authenticators.Add(t.Context(), b))
	h := storage.HalfSignIn{
		TokenHash: storage.Hash(rand.Text()), User: u, LinkHash: storage.Hash("link"), Remember: true,
		Browser: "Firefox on Linux", ClientIP: "192.0.2.0/24", CreatedAt: Now, ExpiresAt: Now.Add(5 * time.Minute),
	}
	require.NoError(t, s.Sessions.BeginSignIn(t.Context(), h, ""))
	found, err := s.Sessions.HalfSignIn(t.Context(), h.TokenHash, Now)
	require.NoError(t, err)
	h.Authenticators = []storage.Authenticator{a, b}
	require.Equal(t, h, found)
	_, err = s.Sessions.SignIn(t.Context(), h.TokenHash, "", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	sessions, err := s.Sessions.OfUser(t.Context(), u.ID, Now)
	require.NoError(t, err)
	require.Empty(t, sessions)

	bare := HalfSignIn(t, s, User(t, s))
	found, err = s.Sessions.HalfSignIn(t.Context(), bare.TokenHash, Now)
	require.NoError(t, err)
	require.Empty(t, found.Authenticators)
	require.Nil(t, found.LinkHash)
	_, err = s.Sessions.HalfSignIn(t.Context(), storage.Hash("other"), Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func halfSignInsEnd(t *testing.T, db *Database) {
	s := db.Open(t)
	h := HalfSignIn(t, s, User(t, s))
	_, err := s.Sessions.HalfSignIn(t.Context(), h.TokenHash, h.ExpiresAt.Add(-time.Microsecond))
	require.NoError(t, err)
	_, err = s.Sessions.HalfSignIn(t.Context(), h.TokenHash, h.ExpiresAt)
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.ErrorIs(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, completion(), h.ExpiresAt), storage.ErrStale)
	require.NoError(t, s.Sessions.End(t.Context(), h.TokenHash))
	_, err = s.Sessions.HalfSignIn(t.Context(), h.TokenHash, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.NoError(t, s.Sessions.End(t.Context(), h.TokenHash), "ending twice is no error")
}

func signInsAreCompletedOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	h := storage.HalfSignIn{
		TokenHash: storage.Hash(rand.Text()), User: u, Remember: true, Browser: "Firefox", ClientIP: "192.0.2.0/24",
		CreatedAt: Now, ExpiresAt: Now.Add(5 * time.Minute),
	}
	require.NoError(t, s.Sessions.BeginSignIn(t.Context(), h, ""))
	c := completion()
	c.Recovered, c.Methods = true, []string{"pwd", "mfa"}
	later := Now.Add(time.Minute)
	require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, c, later))
	require.ErrorIs(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, completion(), later), storage.ErrStale)
	require.ErrorIs(t, s.Sessions.CompleteSignIn(t.Context(), c.TokenHash, completion(), later), storage.ErrStale)

	signIn, err := s.Sessions.SignIn(t.Context(), c.TokenHash, "", later)
	require.NoError(t, err)
	require.Equal(t, u, signIn.User())
	require.Equal(t, later, signIn.Time())
	require.Equal(t, later, signIn.LastSeen())
	require.Equal(t, []string{"pwd", "mfa"}, signIn.Methods())
	require.True(t, signIn.Recovered())
	require.True(t, signIn.Remembered())
	require.NotEmpty(t, signIn.ID())
	for _, old := range [][]byte{h.TokenHash, c.TokenHash} {
		_, err = s.Sessions.HalfSignIn(t.Context(), old, later)
		require.ErrorIs(t, err, storage.ErrNotFound)
	}
	_, err = s.Sessions.SignIn(t.Context(), h.TokenHash, "", later)
	require.ErrorIs(t, err, storage.ErrNotFound)

	disabled := HalfSignIn(t, s, u)
	require.NoError(t, s.Users.Disable(t.Context(), u.ID, Now))
	require.ErrorIs(t, s.Sessions.CompleteSignIn(t.Context(), disabled.TokenHash, completion(), Now), storage.ErrStale)
}

func signInsTellConsents(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c, other := User(t, s), Client(t, s), Client(t, s)
	access := storage.Access{Scopes: storage.Strings{"email", "openid"}, Claims: storage.Strings{"birthdate"}}
	require.NoError(t, s.Consents.Add(t.Context(), u.ID, c.ID, access, Now))
	hash := SignIn(t, s, u)
	for client, want := range map[string]storage.Consent{
		c.ID: {Access: access, CreatedAt: storage.At(Now)}, other.ID: {}, "": {},
	} {
		signIn, err := s.Sessions.SignIn(t.Context(), hash, client, Now)
		require.NoError(t, err)
		want.UserID, want.ClientID = u.ID, client
		require.Equal(t, want, signIn.Consent())
	}
}

func signInsEnd(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	hash := SignIn(t, s, u)
	idle := Now.Add(time.Hour)
	_, err := s.Sessions.SignIn(t.Context(), hash, "", idle.Add(-time.Microsecond))
	require.NoError(t, err)
	_, err = s.Sessions.SignIn(t.Context(), hash, "", idle)
	require.ErrorIs(t, err, storage.ErrNotFound)

	require.NoError(t, s.Sessions.End(t.Context(), hash))
	_, err = s.Sessions.SignIn(t.Context(), hash, "", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)

	h, c := HalfSignIn(t, s, u), completion()
	c.IdleUntil = c.ExpiresAt.Add(time.Hour)
	require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, c, Now))
	_, err = s.Sessions.SignIn(t.Context(), c.TokenHash, "", c.ExpiresAt)
	require.ErrorIs(t, err, storage.ErrNotFound)
	ended, err := s.Sessions.EndAll(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, int64(1), ended)
	_, err = s.Sessions.SignIn(t.Context(), c.TokenHash, "", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func touchingProlongs(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	hash := SignIn(t, s, u)
	signIn, err := s.Sessions.SignIn(t.Context(), hash, "", Now)
	require.NoError(t, err)
	later := Now.Add(30 * time.Minute)
	require.NoError(t, s.Sessions.Touch(t.Context(), signIn.ID(), later, later.Add(time.Hour)))
	signIn, err = s.Sessions.SignIn(t.Context(), hash, "", Now.Add(80*time.Minute))
	require.NoError(t, err)
	require.Equal(t, later, signIn.LastSeen())

	idle := later.Add(time.Hour)
	require.NoError(t, s.Sessions.Touch(t.Context(), signIn.ID(), idle, idle.Add(time.Hour)))
	_, err = s.Sessions.SignIn(t.Context(), hash, "", idle)
	require.ErrorIs(t, err, storage.ErrNotFound, "it had been idle too long")

	require.NoError(t, s.Sessions.End(t.Context(), hash))
	require.NoError(t, s.Sessions.Touch(t.Context(), signIn.ID(), later, later.Add(time.Hour)))
	_, err = s.Sessions.SignIn(t.Context(), hash, "", later)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func sessionsAreListed(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other := User(t, s), User(t, s)
	hashes := map[string][]byte{}
	for i := range 3 {
		h, c := HalfSignIn(t, s, u), completion()
		at := Now.Add(time.Duration(i) * time.Second)
		require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, c, at))
		signIn, err := s.Sessions.SignIn(t.Context(), c.TokenHash, "", at)
		require.NoError(t, err)
		hashes[signIn.ID()] = c.TokenHash
	}
	SignIn(t, s, other)
	listed, err := s.Sessions.OfUser(t.Context(), u.ID, Now)
	require.NoError(t, err)
	require.Len(t, listed, 3)
	require.Equal(t, storage.Session{
		ID: listed[0].ID, Browser: "Firefox on Linux", ClientIP: "192.0.2.0/24", CompletedAt: storage.At(Now.Add(2 * time.Second)),
		LastSeenAt: storage.At(Now.Add(2 * time.Second)), ExpiresAt: storage.At(Now.Add(24 * time.Hour)),
	}, listed[0], "newest first")

	require.ErrorIs(t, s.Sessions.EndByID(t.Context(), other.ID, listed[0].ID), storage.ErrNotFound, "it is another user's")
	require.NoError(t, s.Sessions.EndByID(t.Context(), u.ID, listed[0].ID))
	require.ErrorIs(t, s.Sessions.EndByID(t.Context(), u.ID, listed[0].ID), storage.ErrNotFound)
	_, err = s.Sessions.SignIn(t.Context(), hashes[listed[0].ID], "", Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	listed, err = s.Sessions.OfUser(t.Context(), u.ID, Now.Add(time.Hour))
	require.NoError(t, err)
	require.Empty(t, listed, "idle ones are not shown")
	ended, err := s.Sessions.EndAll(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, int64(2), ended)
	listed, err = s.Sessions.OfUser(t.Context(), other.ID, Now)
	require.NoError(t, err)
	require.Len(t, listed, 1)
}

func auditEntriesRide(t *testing.T, db *Database) {
	s := db.Open(t)
	u, c := User(t, s), Client(t, s)
	names := func() []string {
		events, err := s.Events.List(t.Context(), storage.EventQuery{UserID: u.ID, Limit: 100})
		require.NoError(t, err)
		var names []string
		for _, e := range events {
			names = append([]string{e.Name}, names...)
		}
		return names
	}
	h := storage.HalfSignIn{TokenHash: storage.Hash(rand.Text()), User: u, CreatedAt: Now, ExpiresAt: Now.Add(time.Minute)}
	require.NoError(t, s.Sessions.BeginSignIn(t.Context(), h, eventBody("began", u.ID, 1)))
	done := completion()
	done.Event = eventBody("completed", u.ID, 2)
	require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, done, Now))
	refused := completion()
	refused.Event = eventBody("completed", u.ID, 3)
	require.ErrorIs(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, refused, Now), storage.ErrStale)
	signIn, err := s.Sessions.SignIn(t.Context(), done.TokenHash, "", Now)
	require.NoError(t, err)
	require.NoError(t, s.Sessions.Touch(t.Context(), signIn.ID(), Now, Now.Add(time.Hour)))
	require.Equal(t, []string{"began", "completed"}, names(), "failed statements file nothing, and nothing is filed twice")

	g := NewGrant(u, c)
	require.NoError(t, s.Grants.Issue(t.Context(), g, eventBody("issued", u.ID, 4)))
	require.NoError(t, s.Grants.RedeemCode(t.Context(), g.ID, storage.Redemption{ExpiresAt: Now.Add(time.Hour)}, Now))
	require.NoError(t, s.Grants.Revoke(t.Context(), g.ID, eventBody("revoked", u.ID, 5), Now))
	require.ErrorIs(t, s.Grants.Revoke(t.Context(), g.ID, eventBody("revoked", u.ID, 6), Now), storage.ErrStale)
	require.Equal(t, []string{"began", "completed", "issued", "revoked"}, names())

	require.Error(t, s.Grants.Issue(t.Context(), NewGrant(u, c), "no JSON"), "no grant without its entry")
}

func sessionsAreLimited(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other := User(t, s), User(t, s)
	kept := SignIn(t, s, other)
	cookies := make([][]byte, 103)
	for i := range cookies {
		h, at := HalfSignIn(t, s, u), Now.Add(time.Duration(i)*time.Second)
		c := completion()
		cookies[i] = c.TokenHash
		require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, c, at))
	}
	at := Now.Add(103 * time.Second)
	sessions, err := s.Sessions.OfUser(t.Context(), u.ID, at)
	require.NoError(t, err)
	require.Len(t, sessions, 100)
	for i, cookie := range cookies {
		_, err := s.Sessions.SignIn(t.Context(), cookie, "", at)
		if i < 3 {
			require.ErrorIs(t, err, storage.ErrNotFound, "the oldest make room")
		} else {
			require.NoError(t, err)
		}
	}
	_, err = s.Sessions.SignIn(t.Context(), kept, "", at)
	require.NoError(t, err, "the sessions of others stay")
}
