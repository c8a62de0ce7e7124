package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/postern-id/postern/provider/client"
)

const frontchannelLogout = "https://app.example.test/frontchannel_logout"

// signingOut reads the page that signs people out of apps: the URLs of its frames, and the URL of the next page.
func signingOut(t *testing.T, a answer) (frames []string, next string) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	require.Empty(t, a.Header().Get("Location"))
	require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
	doc, err := html.Parse(strings.NewReader(a.Body.String()))
	require.NoError(t, err)
	for n := range doc.Descendants() {
		attributes := map[string]string{}
		for _, one := range n.Attr {
			attributes[one.Key] = one.Val
		}
		if _, goes := attributes["data-proceed"]; goes {
			next = attributes["href"]
		}
		if n.Type == html.ElementNode && n.Data == "iframe" {
			frames = append(frames, attributes["src"])
		}
	}
	return frames, next
}

func TestOIDCCFrontChannelLogoutDiscoveryEndpointVerification(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		about := w.get("/.well-known/openid-configuration").body
		require.Equal(t, true, about["frontchannel_logout_supported"])
		require.Equal(t, true, about["frontchannel_logout_session_supported"])
	})
}

func TestOIDCCFrontChannelRPInitiatedLogout(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) {
			m.PostLogoutRedirectURIs, m.FrontchannelLogoutURI = []string{afterLogout}, frontchannelLogout
		})
		hint := w.redeem(w.code(w.web)).body["id_token"].(string)
		sid := w.idToken(hint)["sid"].(string)
		a := w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout, "state", "s")
		frames, next := signingOut(t, a)
		require.Equal(t, []string{frontchannelLogout + "?" + url.Values{"iss": {issuer}, "sid": {sid}}.Encode()}, frames)
		require.Equal(t, afterLogout+"?state=s", next)
		require.Contains(t, a.Header().Get("Content-Security-Policy"), "; frame-src https://app.example.test")
		require.NotContains(t, a.Header().Get("Content-Security-Policy"), "frame-src *")
		w.requireSession(false)
		requireGoesTo(t, w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout, "state", "s"), afterLogout+"?state=s")
	})
}

// The page has a frame for each app that was used in the session, except for disabled ones and those without a logout URI.
func TestFramesOfTheSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) { m.FrontchannelLogoutURI = frontchannelLogout })
		app := func(host string) *client.Client {
			c, _ := w.register(client.Web, func(m *client.Metadata) {
				m.Name, m.Consent, m.RedirectURIs = "App at "+host, client.ConsentSkip, []string{"https://" + host + "/cb"}
				m.FrontchannelLogoutURI = "https://" + host + "/bye?a=b"
			})
			return c
		}
		visited, shut, bare := app("visited.example.test"), app("shut.example.test"), app("bare.example.test")
		elsewhere := app("elsewhere.example.test")
		w.code(elsewhere)
		w.signIn(time.Now())
		session := w.sid()
		hint := w.redeem(w.code(w.web)).body["id_token"].(string)
		for range 2 {
			for _, c := range []*client.Client{visited, shut, bare} {
				w.code(c)
			}
		}
		require.NoError(t, w.clients.Disable(t.Context(), shut.ID, operator, time.Now()))
		w.change(bare, func(m *client.Metadata) { m.FrontchannelLogoutURI = "" })
		told := func(c *client.Client) string {
			return url.Values{"iss": {issuer}, "sid": {w.tokens.SID(c, session)}}.Encode()
		}

		a := w.logout("id_token_hint", hint, "ui_locales", "de")
		frames, next := signingOut(t, a)
		require.ElementsMatch(t, []string{frontchannelLogout + "?" + told(w.web), "https://visited.example.test/bye?a=b&" + told(visited)}, frames)
		require.Contains(t, a.Body.String(), "App at visited.example.test")
		require.Equal(t, issuer+"/oauth2/logout?client_id="+w.web.ID+"&ui_locales=de", next)
		requirePage(t, w.get(strings.TrimPrefix(next, issuer)), http.StatusOK, "Sie sind abgemeldet")
	})
}

// The page with the frames is shown after a confirmation as well.
func TestFramesAfterConfirmation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) {
			m.PostLogoutRedirectURIs, m.FrontchannelLogoutURI = []string{afterLogout}, frontchannelLogout
		})
		w.code(w.web)
		requirePage(t, w.logout("client_id", w.web.ID, "post_logout_redirect_uri", afterLogout), http.StatusOK, askingText)
		frames, next := signingOut(t, w.confirmLogout("client_id", w.web.ID, "post_logout_redirect_uri", afterLogout))
		require.Len(t, frames, 1)
		require.Equal(t, afterLogout, next)

		w.signIn(time.Now())
		w.code(w.web)
		frames, next = signingOut(t, w.confirmLogout())
		require.Len(t, frames, 1)
		require.Equal(t, issuer+"/oauth2/logout", next)
		requirePage(t, w.get("/oauth2/logout"), http.StatusOK, doneText)
	})
}

// Only the browser of the session sees which apps were used in it.
func TestFramesAreShownOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) { m.FrontchannelLogoutURI = frontchannelLogout })
		hint := w.redeem(w.code(w.web)).body["id_token"].(string)
		session := w.browser.session
		w.browser.session = nil
		require.NotContains(t, w.logout("id_token_hint", hint).Body.String(), "<iframe")
		w.browser.session = session
		frames, _ := signingOut(t, w.do(httptest.NewRequest(http.MethodGet, "/oauth2/logout?id_token_hint="+hint, nil)))
		require.Len(t, frames, 1)
		require.NotContains(t, w.logout("id_token_hint", hint).Body.String(), "<iframe")
	})
}
