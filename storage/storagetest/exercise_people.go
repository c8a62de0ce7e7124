package storagetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

var peopleBehaviours = []behaviour{
	{"a sign-up can be used once until it expires", signUpsAreGoodOnce},
	{"all sign-ups for an e-mail address are deleted, however it is spelled", signUpsAreDeleted},
	{"a user's link is found and deleted by its purpose", linksOfAUser},
	{"sign-ins completed after an exposure are held until there is a new password", exposureHolds},
	{"an exposure is recorded once, for the current epoch only", exposureIsNotedOnce},
	{"a session goes on under a new id, and all others end", sessionsAreRenewed},
	{"a new e-mail address takes effect when it is confirmed", addressesChange},
	{"an e-mail address is verified only if it is still the user's", addressesAreVerified},
	{"an event is limited in any span of time", eventsAreLimited},
}

func newSignUp(email string) storage.SignUp {
	return storage.SignUp{
		Hash: storage.Hash(rand.Text()), Email: email, Name: "Ada Example", Locale: "de",
		CreatedAt: storage.At(Now), ExpiresAt: storage.At(Now.Add(72 * time.Hour)),
	}
}

func signUpsAreGoodOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	r := newSignUp("Ada@example.test")
	require.NoError(t, s.SignUps.Add(t.Context(), r))
	last := r.ExpiresAt.Add(-time.Microsecond)
	found, err := s.SignUps.ByHash(t.Context(), r.Hash, last)
	require.NoError(t, err)
	require.Equal(t, r, found)
	_, err = s.SignUps.ByHash(t.Context(), r.Hash, r.ExpiresAt.Time)
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.ErrorIs(t, s.SignUps.Spend(t.Context(), r.Hash, r.ExpiresAt.Time), storage.ErrNotFound)
	require.NoError(t, s.SignUps.Spend(t.Context(), r.Hash, last))
	require.ErrorIs(t, s.SignUps.Spend(t.Context(), r.Hash, last), storage.ErrNotFound)
	_, err = s.SignUps.ByHash(t.Context(), r.Hash, last)
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func signUpsAreDeleted(t *testing.T, db *Database) {
	s := db.Open(t)
	one, two, other := newSignUp("ada@example.test"), newSignUp("ADA@example.test"), newSignUp("eve@example.test")
	for _, r := range []storage.SignUp{one, two, other} {
		require.NoError(t, s.SignUps.Add(t.Context(), r))
	}
	require.NoError(t, s.SignUps.DeleteByEmail(t.Context(), "Ada@Example.test"))
	require.ErrorIs(t, s.SignUps.Spend(t.Context(), one.Hash, Now), storage.ErrNotFound)
	require.ErrorIs(t, s.SignUps.Spend(t.Context(), two.Hash, Now), storage.ErrNotFound)
	require.NoError(t, s.SignUps.Spend(t.Context(), other.Hash, Now))
}

func linksOfAUser(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	enrol, reset := newLink(u), newLink(u)
	reset.Purpose, reset.Email = storage.LinkReset, u.Email
	require.NoError(t, s.Links.Add(t.Context(), enrol))
	require.NoError(t, s.Links.Add(t.Context(), reset))
	found, err := s.Links.OfUser(t.Context(), u.ID, storage.LinkReset)
	require.NoError(t, err)
	require.Equal(t, reset, found)
	require.NoError(t, s.Links.Delete(t.Context(), u.ID, storage.LinkReset))
	_, err = s.Links.OfUser(t.Context(), u.ID, storage.LinkReset)
	require.ErrorIs(t, err, storage.ErrNotFound)
	require.NoError(t, s.Links.Spend(t.Context(), enrol.Hash, storage.LinkEnrol, Now), "links for other purposes stay")
}

func exposureHolds(t *testing.T, db *Database) {
	s := db.Open(t)
	u, _, _ := EnrolledUser(t, s)
	before := SignIn(t, s, u)
	_, err := s.Sessions.HeldSignIn(t.Context(), before, Now)
	require.ErrorIs(t, err, storage.ErrNotFound)
	exposed := Now.Add(time.Second)
	require.NoError(t, s.Passwords.MarkExposed(t.Context(), u.ID, u.Epoch, exposed))

	signIn, err := s.Sessions.SignIn(t.Context(), before, "", exposed)
	require.NoError(t, err, "the owner's session is older")
	require.True(t, signIn.User().Exposed())
	_, err = s.Sessions.HeldSignIn(t.Context(), before, exposed)
	require.ErrorIs(t, err, storage.ErrNotFound)

	half, hash := HalfSignIn(t, s, u), storage.Hash(rand.Text())
	c := completion()
	c.TokenHash = hash
	require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), half.TokenHash, c, exposed))
	_, err = s.Sessions.SignIn(t.Context(), hash, "", exposed)
	require.ErrorIs(t, err, storage.ErrNotFound, "it was completed at that very moment")
	held, err := s.Sessions.HeldSignIn(t.Context(), hash, exposed)
	require.NoError(t, err)
	require.Equal(t, u.ID, held.User().ID)
	sessions, err := s.Sessions.OfUser(t.Context(), u.ID, exposed)
	require.NoError(t, err)
	require.Len(t, sessions, 1)

	require.NoError(t, s.Passwords.Replace(t.Context(), u.ID, "other", exposed))
	_, err = s.Sessions.HeldSignIn(t.Context(), hash, exposed)
	require.ErrorIs(t, err, storage.ErrNotFound, "it belongs to an earlier epoch")
	fresh, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.False(t, fresh.Exposed())
	renewed := storage.Hash(rand.Text())
	require.NoError(t, s.Sessions.Renew(t.Context(), hash, renewed, fresh, "", exposed))
	signIn, err = s.Sessions.SignIn(t.Context(), renewed, "", exposed)
	require.NoError(t, err)
	require.Equal(t, exposed, signIn.Time())
}

func exposureIsNotedOnce(t *testing.T, db *Database) {
	s := db.Open(t)
	u := User(t, s)
	require.ErrorIs(t, s.Passwords.MarkExposed(t.Context(), u.ID, u.Epoch-1, Now), storage.ErrStale)
	require.NoError(t, s.Passwords.MarkExposed(t.Context(), u.ID, u.Epoch, Now))
	require.ErrorIs(t, s.Passwords.MarkExposed(t.Context(), u.ID, u.Epoch, Now.Add(time.Hour)), storage.ErrStale)
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.Equal(t, storage.At(Now), found.ExposedAt)
	require.ErrorIs(t, s.Passwords.Replace(t.Context(), "nobody", "hash", Now), storage.ErrNotFound)
}

func sessionsAreRenewed(t *testing.T, db *Database) {
	s := db.Open(t)
	u, _, _ := EnrolledUser(t, s)
	mine, other, half := SignIn(t, s, u), SignIn(t, s, u), HalfSignIn(t, s, u)
	was, err := s.Sessions.SignIn(t.Context(), mine, "", Now)
	require.NoError(t, err)
	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
	u.Epoch++
	fresh := storage.Hash(rand.Text())
	require.ErrorIs(t, s.Sessions.Renew(t.Context(), half.TokenHash, fresh, u, "", Now), storage.ErrStale, "half done")
	require.ErrorIs(t, s.Sessions.Renew(t.Context(), mine, fresh, User(t, s), "", Now), storage.ErrStale, "another user")
	require.ErrorIs(t, s.Sessions.Renew(t.Context(), mine, fresh, u, "", Now.Add(time.Hour)), storage.ErrStale, "idle too long")
	require.NoError(t, s.Sessions.Renew(t.Context(), mine, fresh, u, eventBody("x", u.ID, 7), Now))
	require.ErrorIs(t, s.Sessions.Renew(t.Context(), mine, fresh, u, "", Now), storage.ErrStale, "once")
	require.NoError(t, s.Sessions.EndOtherEpochs(t.Context(), u))

	is, err := s.Sessions.SignIn(t.Context(), fresh, "", Now)
	require.NoError(t, err)
	require.NotEqual(t, was.ID(), is.ID())
	require.Equal(t, was.Time(), is.Time())
	require.Equal(t, was.Methods(), is.Methods())
	for _, hash := range [][]byte{mine, other} {
		_, err = s.Sessions.SignIn(t.Context(), hash, "", Now)
		require.ErrorIs(t, err, storage.ErrNotFound)
	}
	var rows int
	require.NoError(t, db.SQL(t).QueryRow(`SELECT count(*) FROM sessions`).Scan(&rows))
	require.Equal(t, 1, rows)
	events, err := s.Events.List(t.Context(), storage.EventQuery{UserID: u.ID, Limit: 10})
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
	require.NoError(t, s.Users.RaiseEpoch(t.Context(), u.ID, Now))
	u.Epoch += 2
	require.ErrorIs(t, s.Sessions.Renew(t.Context(), fresh, mine, u, "", Now), storage.ErrStale, "it had ended before")
}

func addressesChange(t *testing.T, db *Database) {
	s := db.Open(t)
	u, other := User(t, s), User(t, s)
	require.ErrorIs(t, s.Users.ChangeEmail(t.Context(), u.ID, "new@example.test", Now), storage.ErrStale, "no new address waits")
	require.ErrorIs(t, s.Users.EndEmailChange(t.Context(), u.ID), storage.ErrStale)
	until := Now.Add(time.Hour)
	require.NoError(t, s.Users.BeginEmailChange(t.Context(), u, until))
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.False(t, found.EmailConfirmed(until.Add(-time.Microsecond)))
	require.True(t, found.EmailConfirmed(until))
	require.Equal(t, u.Email, found.Email)

	require.ErrorIs(t, s.Users.ChangeEmail(t.Context(), u.ID, "new@example.test", until), storage.ErrStale, "too late")
	require.ErrorIs(t, s.Users.ChangeEmail(t.Context(), u.ID, other.Email, Now), storage.ErrConflict)
	require.NoError(t, s.Users.ChangeEmail(t.Context(), u.ID, "New@example.test", Now))
	found, err = s.Users.Find(t.Context(), "new@example.test")
	require.NoError(t, err)
	require.Equal(t, u.ID, found.ID)
	require.Equal(t, u.Epoch+1, found.Epoch)
	require.True(t, found.EmailConfirmed(Now))

	require.ErrorIs(t, s.Users.BeginEmailChange(t.Context(), u, until), storage.ErrStale, "read before everything was ended")
	require.NoError(t, s.Users.BeginEmailChange(t.Context(), found, until))
	require.NoError(t, s.Users.EndEmailChange(t.Context(), u.ID))
	require.ErrorIs(t, s.Users.ChangeEmail(t.Context(), u.ID, "late@example.test", Now), storage.ErrStale)
	require.ErrorIs(t, s.Users.BeginEmailChange(t.Context(), storage.User{ID: "nobody"}, until), storage.ErrStale)
}

func addressesAreVerified(t *testing.T, db *Database) {
	s := db.Open(t)
	u := newUser()
	u.EmailVerified = false
	require.NoError(t, s.Users.Add(t.Context(), u))
	require.ErrorIs(t, s.Users.VerifyEmail(t.Context(), u.ID, "other@example.test", Now), storage.ErrStale)
	require.NoError(t, s.Users.VerifyEmail(t.Context(), u.ID, u.Email, Now))
	found, err := s.Users.ByID(t.Context(), u.ID)
	require.NoError(t, err)
	require.True(t, found.EmailVerified)
}

func eventsAreLimited(t *testing.T, db *Database) {
	s := db.Open(t)
	count := func(key string, at time.Time) (bool, time.Time) {
		allowed, until, err := s.Attempts.Allow(t.Context(), key, 3, time.Hour, at)
		require.NoError(t, err)
		return allowed, until.UTC()
	}
	last := Now.Add(40 * time.Minute)
	for i := range 3 {
		allowed, _ := count("a", Now.Add(time.Duration(i)*20*time.Minute))
		require.True(t, allowed)
	}
	for range 3 {
		allowed, until := count("a", last.Add(time.Hour-time.Microsecond))
		require.False(t, allowed)
		require.Equal(t, last.Add(time.Hour), until)
	}
	allowed, _ := count("b", last)
	require.True(t, allowed, "another key")
	for i := range 4 {
		allowed, _ := count("a", last.Add(time.Hour))
		require.Equal(t, i < 3, allowed)
	}
	_, err := s.Sweep(t.Context(), last.Add(3*time.Hour), 100)
	require.NoError(t, err)
	allowed, _ = count("a", last.Add(3*time.Hour))
	require.True(t, allowed)
}
