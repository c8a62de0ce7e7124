package provider

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// logoutToken checks a logout token as its client does (OIDC Back-Channel Logout section 2.6) and returns the claims.
func (w *world) logoutToken(token string) map[string]any {
	w.t.Helper()
	return w.logoutTokenAt(token, time.Now())
}

func (w *world) logoutTokenAt(token string, now time.Time) map[string]any {
	w.t.Helper()
	payload, header, err := w.keys.Verify(token, w.keys.Algorithms(), now)
	require.NoError(w.t, err)
	require.Equal(w.t, "logout+jwt", header.Type)
	var claims map[string]any
	require.NoError(w.t, json.Unmarshal(payload, &claims))
	require.Equal(w.t, issuer, claims["iss"])
	require.InDelta(w.t, now.Unix(), claims["iat"], 15)
	require.InDelta(w.t, 120, claims["exp"].(float64)-claims["iat"].(float64), 0)
	require.Equal(w.t, map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}, claims["events"])
	require.NotEmpty(w.t, claims["jti"])
	require.Len(w.t, claims, 8)
	return claims
}

func TestLogoutTokenIsSignedAsIDTokensAre(t *testing.T) {
	w := newWorld(t, storagetest.Open(t))
	for registered, alg := range map[string]string{"RS256": "RS256", "PS256": "PS256", "ES256": "ES256", "EdDSA": "EdDSA", client.AlgNone: "RS256"} {
		c := &client.Client{ID: "app", Metadata: client.Metadata{IDTokenAlg: registered}}
		token, err := w.tokens.LogoutToken(c, "u", "s", time.Now())
		require.NoError(t, err)
		_, header, err := w.keys.Verify(token, []string{alg}, time.Now())
		require.NoError(t, err, registered)
		require.Equal(t, alg, header.Algorithm)
	}
}

// JW-11: no endpoint accepts a logout token.
func (w *world) requireWorthless(token string, c *client.Client) {
	w.t.Helper()
	requirePage(w.t, w.logout("id_token_hint", token), http.StatusOK, "Do you want to sign out?")
	require.Equal(w.t, invalidRequest, w.authorize(w.request(c, "id_token_hint", token)).query.Get("error"))
	requireError(w.t, w.userinfo(token), http.StatusUnauthorized, invalidToken)
	require.Equal(w.t, map[string]any{"active": false}, w.introspect(token))
	for _, form := range []url.Values{
		{"grant_type": {"authorization_code"}, "code": {token}, "redirect_uri": {callback}, "code_verifier": {verifier}},
		{"grant_type": {"refresh_token"}, "refresh_token": {token}},
	} {
		requireError(w.t, w.post("/oauth2/token", form), http.StatusBadRequest, invalidGrant)
	}
	a := w.authorize(url.Values{"client_id": {c.ID}, "request": {token}})
	require.NotEqual(w.t, http.StatusSeeOther, a.Code, "a logout token is no request object")
}

func TestLogoutTokensAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		h := w.addLogoutReceiver(func(m *client.Metadata) { m.SubjectType = client.SubjectPairwise })
		said := w.idToken(w.codeFlow(h))
		require.NoError(t, w.store.Sessions.End(t.Context(), w.browser.session))
		w.sendNotices(time.Now())
		tokens := h.received()
		require.Len(t, tokens, 1)
		claims := w.logoutToken(tokens[0])
		require.NotEqual(t, w.user.ID, claims["sub"])
		require.Equal(t, said["sub"], claims["sub"], "the pairwise subject of the ID token")
		w.signIn(time.Now())
		w.requireWorthless(tokens[0], h.Client)
		a := w.post("/oauth2/token", url.Values{
			"grant_type": {"client_credentials"}, "client_assertion_type": {assertionType}, "client_assertion": {tokens[0]},
		}, anonymous)
		requireError(t, a, http.StatusUnauthorized, invalidClient)
	})
}

// A logout token for any session, user and client passes the checks of a relying party, and no endpoint accepts it.
func FuzzLogoutToken(f *testing.F) {
	f.Add("sid", "user", "app", "ES256", false, uint16(0))
	f.Add(storage.NewID(), storage.NewID(), "a.b~c", "none", true, uint16(3600))
	f.Add("\"}", "\u2028\x00", "nonce", "RS256", true, uint16(59))
	f.Add(`","nonce":"x`, "\xff", "", "EdDSA", false, uint16(1))
	w := newWorld(f, storagetest.Open(f))
	now := time.Now()
	f.Fuzz(func(t *testing.T, sid, userID, clientID, alg string, pairwise bool, seconds uint16) {
		c := &client.Client{ID: clientID, Metadata: client.Metadata{IDTokenAlg: alg, RedirectURIs: []string{callback}}}
		if pairwise {
			c.SubjectType = client.SubjectPairwise
		}
		at := now.Add(time.Duration(seconds) * time.Second)
		token, err := w.tokens.LogoutToken(c, userID, sid, at)
		if err != nil { // no client is registered with such an algorithm
			require.NotContains(t, append(client.SigningAlgs(), client.AlgNone), alg)
			return
		}
		inner := *w
		inner.t = t
		claims := inner.logoutTokenAt(token, at)
		require.Equal(t, w.tokens.SID(c, sid), claims["sid"])
		require.Equal(t, asJSON(t, clientID), claims["aud"])
		require.Equal(t, asJSON(t, w.tokens.Subject(c, userID)), claims["sub"])
		_, ok := w.tokens.ReadHint(token, at)
		require.False(t, ok)
		inner.requireWorthless(token, w.web)
	})
}

// asJSON returns a text after it was encoded and decoded as JSON, which replaces invalid UTF-8.
func asJSON(t *testing.T, text string) any {
	t.Helper()
	body, err := json.Marshal(text)
	require.NoError(t, err)
	var back any
	require.NoError(t, json.Unmarshal(body, &back))
	return back
}
