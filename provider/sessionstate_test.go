package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

func TestOIDCCSessionManagementDiscoveryEndpointVerification(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		frame := w.get("/.well-known/openid-configuration").body["check_session_iframe"].(string)
		require.True(t, strings.HasPrefix(frame, "https://"), frame)
		a := w.get(strings.TrimPrefix(frame, issuer))
		require.Equal(t, http.StatusOK, a.Code)
		require.Equal(t, "text/html; charset=utf-8", a.Header().Get("Content-Type"))
		require.Contains(t, a.Header().Get("Content-Security-Policy"), "frame-ancestors *")
		require.Empty(t, a.Header().Get("X-Frame-Options"))
	})
}

// unchanged reports whether the frame in this browser would answer "unchanged" to a page of an origin.
func (w *world) unchanged(sessionState, clientID, origin string, signedIn bool) bool {
	hash, salt, _ := strings.Cut(sessionState, ".")
	sum := sha256.Sum256([]byte(clientID + " " + origin + " " + w.browser.State(nil, nil, signedIn) + " " + salt))
	return hash == hex.EncodeToString(sum[:])
}

func TestSessionState(t *testing.T) {
	const origin = "https://app.example.test"
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		require.True(t, strings.HasPrefix(callback, origin+"/"))
		first := w.authorize(w.request(w.web)).query.Get("session_state")
		second := w.authorize(w.request(w.web)).query.Get("session_state")
		require.NotEqual(t, first, second, "two session states cannot be compared")
		for _, one := range []string{first, second} {
			require.Regexp(t, `^[0-9a-f]{64}\.[0-9A-Z]{26}$`, one)
			require.True(t, w.unchanged(one, w.web.ID, origin, true))
			require.False(t, w.unchanged(one, "another", origin, true))
			require.False(t, w.unchanged(one, w.web.ID, "https://evil.example.test", true))
			require.False(t, w.unchanged(one, w.web.ID, origin, false))
		}
		require.Equal(t, http.StatusSeeOther, w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout).Code)
		nobody := w.authorize(w.request(w.web, "prompt", "none"))
		require.Equal(t, loginRequired, nobody.query.Get("error"))
		require.True(t, w.unchanged(nobody.query.Get("session_state"), w.web.ID, origin, false), "an app can watch for a sign-in")
		require.NotContains(t, w.authorize(w.request(w.web, "scope", "unknown")).query, "session_state", "the sign-in was not checked")
	})
}

// A client without a web origin, or without the scope openid, gets no session_state.
func TestNoSessionState(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		require.NotContains(t, w.authorize(w.request(w.web, "scope", "profile")).query, "session_state")
		app, _ := w.register(client.Native, func(m *client.Metadata) { m.RedirectURIs = []string{"com.example.app:/callback"} })
		a := w.authorize(w.request(app, "prompt", "none"))
		require.Equal(t, consentRequired, a.query.Get("error"))
		require.NotContains(t, a.query, "session_state")
	})
}
