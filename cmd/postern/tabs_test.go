package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// Several tabs ask for a sign-in, and the person signs in in one of them. The others continue when they are reloaded, except those that
// require a new sign-in.
func TestTabsGoOnAfterOneSignIn(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		a := newTestApp(t, db, "http://"+freeAddress(t))
		callback := callbackServer(t)
		id, _ := addClient(t, a, client.Web, callback, func(m *client.Metadata) { m.Consent = client.ConsentSkip })
		asked, _ := addClient(t, a, client.Web, callback, nil)
		listenAndRun(t, a)
		_, err := a.accounts.Port.Import(t.Context(), strings.NewReader(strings.ReplaceAll(adaLine, "\n", " ")), port.ImportOptions{}, audit.Operator(), time.Now())
		require.NoError(t, err)
		asking := func(clientID string, pairs ...string) string {
			form := authorizeParams(clientID)
			form.Set("redirect_uri", callback)
			for i := 0; i < len(pairs); i += 2 {
				form.Set(pairs[i], pairs[i+1])
			}
			return a.cfg.Issuer + "/oauth2/auth?" + form.Encode()
		}
		v := browsertest.NewVisitor(t, nil)
		tabs := map[string]string{}
		for name, address := range map[string]string{
			"plain": asking(id), "half way": asking(id), "consent": asking(asked), "aged": asking(id, "max_age", "3600"),
			"again": asking(id, "prompt", "login"), "at once": asking(id, "max_age", "0"), "which": asking(id, "prompt", "select_account"),
		} {
			v.Open(address)
			require.Contains(t, v.URL(), "/login?flow=", name)
			tabs[name] = v.URL()
		}
		v.Open(asking(id))
		signInAsAda(t, v, time.Now())
		require.Contains(t, v.URL(), "/callback?code=")

		v.Open(tabs["plain"])
		require.Contains(t, v.URL(), "/callback?code=")
		v.Open(strings.Replace(tabs["half way"], "/login?", "/login/code?", 1))
		require.Contains(t, v.URL(), "/callback?code=")
		v.Open(tabs["consent"])
		require.Contains(t, v.URL(), "/consent?flow=")
		v.Open(tabs["aged"])
		require.Contains(t, v.URL(), "/callback?code=")
		for _, name := range []string{"again", "at once", "which"} {
			v.Open(tabs[name])
			require.Equal(t, tabs[name], v.URL(), name)
			require.Equal(t, http.StatusOK, v.Status())
		}
		v.Open(tabs["plain"])
		require.NotContains(t, v.URL(), "code=", "one request, one answer")
	})
}
