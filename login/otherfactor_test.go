package login_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// badge is another kind of factor: a person types exactly the stored text.
type badge struct{}

func (badge) Kind() string   { return "badge" }
func (badge) Method() string { return "hwk" }

func (badge) Match(_ context.Context, a account.Answer, _ time.Time) (m account.Match) {
	for _, one := range a.Authenticators {
		m.Right = m.Right || one.Kind == "badge" && string(one.Secret) == a.Typed
	}
	return m
}

func (badge) Spend(context.Context, account.Answer, account.Match, time.Time) error { return nil }
func (badge) Refusal(account.Answer, time.Time) error                               { return account.ErrCode }

// The pages accept and list an authenticator of a kind that they do not know.
func TestPagesTakeASecondKindOfFactor(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		w.Enrolled(logintest.Ada)
		r := w.Account.Rules
		*w.Account.SignIn = *signin.New(signin.Config{
			Store: w.Store, Audit: audit.New(w.Store), Attempts: r.Attempts, Passwords: r.Passwords,
			Factors: append(account.Factors{badge{}}, r.Factors...), SignIns: r.SignIns, Browsers: r.Browsers, Links: r.Links,
		})
		require.NoError(t, w.Store.Authenticators.Add(t.Context(), storage.Authenticator{
			ID: storage.NewID(), UserID: w.User(logintest.Ada).ID, Kind: "badge", Name: "My badge", Secret: []byte("swordfish"), CreatedAt: time.Now(),
		}))

		b, asked := w.HalfDone()
		wrong := b.Submit(asked, "code", "catfish")
		require.Equal(t, 422, wrong.Status)
		require.Contains(t, b.Submit(wrong, "code", "swordfish").Body, "signed in as ada@example.test by pwd hwk mfa")
		require.Contains(t, b.Open("/account/authenticators").Text(), "My badge")
	})
}
