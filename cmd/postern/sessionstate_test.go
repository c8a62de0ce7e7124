package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// watchingPage is a page of an app that shows the provider's frame and forwards messages to it.
const watchingPage = `<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><iframe id="provider" src="%s"></iframe><script>
const frame = document.getElementById("provider");
const loaded = new Promise((done) => frame.addEventListener("load", done));
async function ask(message) {
  await loaded;
  return new Promise((done) => {
    window.addEventListener("message", (event) => done(event.origin + " " + event.data), {once: true});
    frame.contentWindow.postMessage(message, new URL(frame.src).origin);
  });
}
</script></html>`

// watchingApp serves that page at every address, and returns that of its callback.
func watchingApp(t *testing.T, a *app) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, watchingPage, a.cfg.Issuer+"/oauth2/check_session")
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/callback"
}

// An app watches the session state through the frame, in a real browser: only a sign-out changes it.
func TestOIDCCSessionManagementRPInitiatedLogout(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		a := newTestApp(t, db, "http://"+freeAddress(t))
		listenAndRun(t, a)
		addAda(t, a)
		callback := watchingApp(t, a)
		id, secret := addClient(t, a, client.Web, callback, func(m *client.Metadata) {
			m.Consent, m.PKCERequired, m.PostLogoutRedirectURIs = client.ConsentSkip, false, []string{callback}
		})
		b := browsertest.Start(t, browsertest.Options{JavaScript: true})
		b.Open(a.cfg.Issuer + "/oauth2/auth?" + url.Values{
			"client_id": {id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"},
		}.Encode())
		b.Fill("username", "ada")
		b.Fill("password", adaPassword)
		b.Submit("Continue")
		b.Fill("code", browsertest.Code(t, adaURI, time.Now()))
		b.Submit("Continue")
		arrived, err := url.Parse(b.URL())
		require.NoError(t, err)
		answer := arrived.Query()
		require.NotEmpty(t, answer.Get("session_state"), b.URL())
		requireAnswer := func(want, message string) {
			t.Helper()
			said := browsertest.Evaluate[string](b, fmt.Sprintf("ask(%q)", message))
			require.Equal(t, a.cfg.Issuer+" "+want, said, message)
		}
		asked := id + " " + answer.Get("session_state")
		requireAnswer("unchanged", asked)
		requireAnswer("changed", "another "+answer.Get("session_state"))
		for _, message := range []string{"", id, asked + " ", id + " x.y", strings.Repeat("x", 10000)} {
			requireAnswer("error", message)
		}
		require.Equal(t, a.cfg.Issuer+" error", browsertest.Evaluate[string](b, "ask({client: 1})"))
		require.NotContains(t, browsertest.Evaluate[string](b, "document.cookie"), "postern_session")
		requireAnswer("unchanged", asked)

		tokens := tokenRequest(t, a, id, secret, url.Values{
			"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {callback},
		})
		other := b.NewTab()
		other.Open(a.cfg.Issuer + "/oauth2/logout?" + url.Values{
			"id_token_hint": {tokens["id_token"]}, "post_logout_redirect_uri": {callback},
		}.Encode())
		require.Equal(t, callback, other.URL())
		requireAnswer("changed", asked)
	})
}
