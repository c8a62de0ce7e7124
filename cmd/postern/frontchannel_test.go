package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// watchedApp records which of its URLs a browser requested, in order.
type watchedApp struct {
	t    *testing.T
	url  string
	mu   sync.Mutex
	seen []*url.URL
}

func watchFrames(t *testing.T) *watchedApp {
	w := &watchedApp{t: t}
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, r.URL)
		answer.Header().Set("Content-Type", "text/html")
		_, _ = answer.Write([]byte(`<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"></html>`))
	}))
	t.Cleanup(server.Close)
	w.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return w
}

// paths returns the addresses without their queries.
func (w *watchedApp) paths() (paths []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.seen {
		paths = append(paths, one.Path)
	}
	return paths
}

// await waits until the browser has asked for a path, and returns the parameters that it brought.
func (w *watchedApp) await(path string) url.Values {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return slices.Contains(w.paths(), path) }, 10*time.Second, 20*time.Millisecond, path)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[slices.IndexFunc(w.seen, func(one *url.URL) bool { return one.Path == path })].Query()
}

// In a real browser, the apps are told of the sign-out in frames that the page's policy allows, before the browser continues to the app
// that asked for it.
func TestOIDCCFrontChannelRPInitiatedLogout(t *testing.T) {
	a := newTestApp(t, storagetest.SQLite(t), "http://"+freeAddress(t))
	listenAndRun(t, a)
	addAda(t, a)
	asking, other := watchFrames(t), watchFrames(t)
	register := func(w *watchedApp) (id, secret string) {
		return addClient(t, a, client.Web, w.url+"/callback", func(m *client.Metadata) {
			m.Consent, m.PKCERequired = client.ConsentSkip, false
			m.FrontchannelLogoutURI, m.PostLogoutRedirectURIs = w.url+"/frontchannel_logout", []string{w.url + "/post_logout_redirect"}
		})
	}
	request := func(w *watchedApp, id string) string {
		return a.cfg.Issuer + "/oauth2/auth?" + url.Values{
			"client_id": {id}, "redirect_uri": {w.url + "/callback"}, "response_type": {"code"}, "scope": {"openid"},
		}.Encode()
	}
	id, secret := register(asking)
	otherID, otherSecret := register(other)
	b := browsertest.Start(t, browsertest.Options{JavaScript: true})
	b.Open(request(asking, id))
	b.Fill("username", "ada")
	b.Fill("password", adaPassword)
	b.Submit("Continue")
	b.Fill("code", browsertest.Code(t, adaURI, time.Now()))
	b.Submit("Continue")
	tokens := tokenRequest(t, a, id, secret, url.Values{
		"grant_type": {"authorization_code"}, "code": {asking.await("/callback").Get("code")}, "redirect_uri": {asking.url + "/callback"},
	})
	b.Open(request(other, otherID))
	otherTokens := tokenRequest(t, a, otherID, otherSecret, url.Values{
		"grant_type": {"authorization_code"}, "code": {other.await("/callback").Get("code")}, "redirect_uri": {other.url + "/callback"},
	})

	b.Open(a.cfg.Issuer + "/oauth2/logout?" + url.Values{
		"id_token_hint": {tokens["id_token"]}, "post_logout_redirect_uri": {asking.url + "/post_logout_redirect"}, "state": {"s"},
	}.Encode())
	require.Equal(t, url.Values{"state": {"s"}}, asking.await("/post_logout_redirect"))
	require.Equal(t, []string{"/callback", "/frontchannel_logout", "/post_logout_redirect"}, asking.paths())
	require.Equal(t, []string{"/callback", "/frontchannel_logout"}, other.paths(), "before the browser went on")
	for app, said := range map[*watchedApp]map[string]string{asking: tokens, other: otherTokens} {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(said["id_token"], ".")[1])
		require.NoError(t, err)
		var claims struct{ SID string }
		require.NoError(t, json.Unmarshal(payload, &claims))
		require.Equal(t, url.Values{"iss": {a.cfg.Issuer}, "sid": {claims.SID}}, app.await("/frontchannel_logout"))
	}
}
