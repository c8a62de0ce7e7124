package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
)

// A password alone is never enough to add a factor; together with the mailbox it may be.
func TestEnrolLinkByMail(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		b.Submit(b.Open("/register"), "email", logintest.Ada, "name", "Ada Example")
		b.Submit(b.Open(w.Mailed(logintest.Ada, "/verify")), "new_password", logintest.AdaPassword)
		time.Sleep(80 * time.Hour) // and no further message until the link has expired
		other := logintest.NewBrowser(t, w.Handler)
		needed := other.Submit(other.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, http.StatusForbidden, needed.Status)
		sent := other.Submit(needed)
		require.Contains(t, sent.Text(), "We have sent a message")
		require.Equal(t, "/login/enroll/link", sent.Address.Path)
		enrol := other.Submit(other.Open(w.Mailed(logintest.Ada, "/invite")), "new_password", logintest.NewPassword)
		require.Equal(t, "/login/enroll", enrol.Address.Path)
		w.Scan(enrol)
	})
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		states["password only, no authenticator"](w, b) // with an unverified e-mail address
		require.NotContains(t, b.Open("/login/enroll").Body, "<form")
		b.Post("/login/enroll/link")
		require.Zero(t, w.Told(logintest.Ada, "Connect your authenticator to Example"))
	})
}
