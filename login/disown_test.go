package login_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage/storagetest"
)

// From the mail about a sign-in in a new browser to the end of that sign-in and a new password.
func TestThisWasNotMe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := logintest.NewWith(t, storagetest.SQLite(t), func(c *journeys.Config) { c.TellNewBrowsers = true })
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		thief := logintest.NewBrowser(t, w.Handler)
		thief.Submit(thief.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, "/account", thief.Post("/login/code", "code", phone.Code()).Address.Path)
		require.Equal(t, 1, w.Told(logintest.Ada, "A new browser signed in to Example"))

		owner := logintest.NewBrowser(t, w.Handler)
		asked := owner.Open(w.Mailed(logintest.Ada, "/reset/not-me"))
		require.Equal(t, "/reset/not-me", asked.Address.RequestURI(), "the URL does not contain the secret any more")
		require.Contains(t, asked.Text(), "Was this sign-in not yours?")
		require.Equal(t, "/account", thief.Open("/account").Address.Path, "opening the link changes nothing")

		chosen := owner.Submit(asked)
		require.Equal(t, "/reset/new", chosen.Address.Path)
		require.Equal(t, "/login", thief.Open("/account").Address.Path)
		require.Equal(t, "/reset/done", owner.Submit(chosen, "new_password", logintest.NewPassword).Address.Path)

		again := owner.Open("/reset/not-me")
		require.Equal(t, http.StatusGone, again.Status)
		require.Contains(t, again.Text(), "This link was used already")
		require.Equal(t, http.StatusGone, owner.Post("/reset/not-me").Status)
		require.Equal(t, http.StatusGone, owner.Open("/reset/not-me?ticket="+strings.Repeat("x", 43)).Status)
	})
}
