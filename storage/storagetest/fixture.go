package storagetest

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// Now is a fixed moment for tests that need one.
var Now = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// User adds a user without credentials and returns it. Its names are unique.
func User(t testing.TB, s *storage.Store) storage.User {
	t.Helper()
	u := newUser()
	require.NoError(t, s.Users.Add(t.Context(), u))
	return u
}

func newUser() storage.User {
	id := storage.NewID()
	return storage.User{
		ID: id, Email: strings.ToLower(id) + "@example.test", EmailVerified: true, Username: "user-" + strings.ToLower(id),
		Groups: storage.Strings{"staff"}, Claims: storage.Claims{"name": "Ada Example"}, Epoch: 1,
		CreatedAt: storage.At(Now), UpdatedAt: storage.At(Now),
	}
}

// EnrolledUser adds a user with an authenticator (SHA1, 6 digits, 30 s) and ten recovery codes of the form "xxxxxxxxxx", and returns all of
// them. The password hash is not a real one; set another to sign in with a password.
func EnrolledUser(t testing.TB, s *storage.Store) (storage.User, storage.Authenticator, []string) {
	t.Helper()
	u := User(t, s)
	require.NoError(t, s.Passwords.Set(t.Context(), u.ID, "$argon2id$not-a-hash", Now))
	secret := make([]byte, 20)
	rand.Read(secret)
	a := storage.Authenticator{
		ID: storage.NewID(), UserID: u.ID, Kind: storage.KindTOTP, Name: "Phone", Secret: secret, Algorithm: "SHA1", Digits: 6, Period: 30, CreatedAt: Now,
	}
	require.NoError(t, s.Authenticators.Add(t.Context(), a))
	codes := make([]string, 10)
	for i := range codes {
		codes[i] = strings.ToLower(rand.Text()[:10])
	}
	require.NoError(t, s.RecoveryCodes.Replace(t.Context(), u.ID, codes))
	return u, a, codes
}

// Client adds a client without a secret and returns it.
func Client(t testing.TB, s *storage.Store) storage.Client {
	t.Helper()
	c := storage.Client{
		ID: "client-" + storage.NewID(), Name: "Example", Metadata: storage.JSON(`{}`), Version: 1,
		CreatedAt: storage.At(Now), UpdatedAt: storage.At(Now),
	}
	require.NoError(t, s.Clients.Add(t.Context(), c))
	return c
}

// HalfSignIn adds a half-done sign-in of u, which expires five minutes after Now, and returns it.
func HalfSignIn(t testing.TB, s *storage.Store, u storage.User) storage.HalfSignIn {
	t.Helper()
	h := storage.HalfSignIn{
		TokenHash: storage.Hash(rand.Text()), User: u, Browser: "Firefox on Linux", ClientIP: "192.0.2.0/24",
		CreatedAt: Now, ExpiresAt: Now.Add(5 * time.Minute),
	}
	require.NoError(t, s.Sessions.BeginSignIn(t.Context(), h, ""))
	return h
}

// SignIn completes a sign-in of u and returns the hash of its cookie. The session is idle too long an hour after Now and expires a day
// after Now.
func SignIn(t testing.TB, s *storage.Store, u storage.User) []byte {
	t.Helper()
	h := HalfSignIn(t, s, u)
	hash := storage.Hash(rand.Text())
	require.NoError(t, s.Sessions.CompleteSignIn(t.Context(), h.TokenHash, storage.Completion{
		TokenHash: hash, Methods: []string{"pwd", "otp", "mfa"}, IdleUntil: Now.Add(time.Hour), ExpiresAt: Now.Add(24 * time.Hour),
	}, Now))
	return hash
}

// Grant issues a grant of u to c, whose code expires a minute after Now, and returns it.
func Grant(t testing.TB, s *storage.Store, u storage.User, c storage.Client) storage.Grant {
	t.Helper()
	g := NewGrant(u, c)
	require.NoError(t, s.Grants.Issue(t.Context(), g, ""))
	return g
}

// NewGrant returns a grant of u to c, which is not stored.
func NewGrant(u storage.User, c storage.Client) storage.Grant {
	return storage.Grant{
		ID: storage.NewID(), UserID: u.ID, ClientID: c.ID, SID: storage.NewID(), Epoch: u.Epoch,
		Access: storage.Access{Scopes: storage.Strings{"openid"}, Claims: storage.Strings{}},
		Detail: storage.JSON(`{"nonce":"n"}`), AuthTime: storage.At(Now), CodeHash: storage.Hash(rand.Text()),
		CodeExpiresAt: storage.At(Now.Add(time.Minute)), CreatedAt: storage.At(Now), ExpiresAt: storage.At(Now.Add(time.Hour)),
	}
}
