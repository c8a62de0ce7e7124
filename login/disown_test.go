package login_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage/storagetest"
)

// From the mail about a sign-in in a new browser to the end of that sign-in and a new password.
func TestThisWasNotMe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldWith(t, storagetest.SQLite(t), func(c *account.Config) { c.TellNewBrowsers = true })
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		thief := newBrowser(t, w.handler)
		thief.submit(thief.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, "/account", thief.post("/login/code", "code", phone.code()).address.Path)
		require.Equal(t, 1, w.told(ada, "A new browser signed in to Example"))

		owner := newBrowser(t, w.handler)
		asked := owner.open(w.mailed(ada, "/reset/not-me"))
		require.Equal(t, "/reset/not-me", asked.address.RequestURI(), "the secret has left the address")
		require.Contains(t, asked.text(), "Was this sign-in not yours?")
		require.Equal(t, "/account", thief.open("/account").address.Path, "looking changes nothing")

		chosen := owner.submit(asked)
		require.Equal(t, "/reset/new", chosen.address.Path)
		require.Equal(t, "/login", thief.open("/account").address.Path)
		require.Equal(t, "/reset/done", owner.submit(chosen, "new_password", newPassword).address.Path)

		again := owner.open("/reset/not-me")
		require.Equal(t, http.StatusGone, again.status)
		require.Contains(t, again.text(), "This link was used already")
		require.Equal(t, http.StatusGone, owner.post("/reset/not-me").status)
		require.Equal(t, http.StatusGone, owner.open("/reset/not-me?ticket="+strings.Repeat("x", 43)).status)
	})
}
