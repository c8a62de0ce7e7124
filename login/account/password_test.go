package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// A hash is computed even if there is nothing to compare with: otherwise the answer would take a hundredth of the time.
func TestUnknownNameCostsAsMuchTime(t *testing.T) {
	store := storagetest.Open(t)
	hasher, err := password.New(password.Config{Memory: 32 << 10, Time: 4})
	require.NoError(t, err)
	guard, err := throttle.New(store, throttle.Config{})
	require.NoError(t, err)
	service, err := journeys.New(journeys.Config{Config: account.Config{
		Store: store, Audit: audit.New(store), Passwords: hasher, Throttle: guard, Notices: &notices{}, Issuer: "Example",
		SiteURL: "https://id.example.test",
	}})
	require.NoError(t, err)
	_, _, err = service.Operate.Add(t.Context(), identity.NewUser{Email: ada, Password: adaPassword}, audit.Operator(), start)
	require.NoError(t, err)
	_, _, err = service.Operate.Add(t.Context(), identity.NewUser{Email: "new@example.test"}, audit.Operator(), start)
	require.NoError(t, err)
	took := map[string]time.Duration{}
	for _, name := range []string{ada, "new@example.test", "nobody@example.test"} {
		took[name] = time.Hour
		for range 3 {
			began := time.Now()
			_, err := service.SignIn.Authenticate(t.Context(), signin.PasswordAttempt{Name: name, Password: "wrong", Browser: "b"}, start)
			require.ErrorIs(t, err, account.ErrCredentials)
			took[name] = min(took[name], time.Since(began))
		}
	}
	require.Greater(t, 4*took["nobody@example.test"], took[ada], "%v", took)
	require.Greater(t, 4*took["new@example.test"], took[ada], "%v", took)
}

func TestDamagedPasswordHash(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.enrolled()
		user, err := o.store.Users.Find(t.Context(), ada)
		require.NoError(t, err)
		require.NoError(t, o.store.Passwords.Set(t.Context(), user.ID, "$argon2id$damaged", start))
		_, err = o.person().password(start)
		require.ErrorIs(t, err, account.ErrCredentials)
		require.Contains(t, o.log.String(), "stored password hash is damaged")
		require.NotContains(t, o.log.String(), "$argon2id$")
	})
}
