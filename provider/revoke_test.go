package provider

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage/audit"
)

func (w *world) revoke(token any, pairs ...string) answer {
	w.t.Helper()
	return w.post("/oauth2/revoke", params(url.Values{"token": {token.(string)}}, pairs...))
}

func TestRevokeAnAccessToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, hint := range []string{"", "access_token", "refresh_token", "bogus"} {
			tokens := w.offline()
			for range 2 {
				a := w.revoke(tokens["access_token"], "token_type_hint", hint)
				require.Equal(t, http.StatusOK, a.Code)
				require.Empty(t, a.Body.String())
				require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
			}
			requireError(t, w.userinfo(tokens["access_token"].(string)), http.StatusUnauthorized, invalidToken)
			require.Equal(t, map[string]any{"active": false}, w.introspect(tokens["access_token"].(string)))
			requireTokens(t, w.refresh(tokens["refresh_token"].(string)))
		}
	})
}

// RFC 7009 section 2.1: revoking any refresh token of a family revokes the whole family.
func TestRevokeARefreshToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, hint := range []string{"", "access_token", "refresh_token"} {
			for _, rotated := range []bool{false, true} {
				tokens := w.offline()
				current := w.refresh(tokens["refresh_token"].(string))
				requireTokens(t, current)
				sent := current.body["refresh_token"]
				if rotated {
					sent = tokens["refresh_token"]
				}
				require.Equal(t, http.StatusOK, w.revoke(sent, "token_type_hint", hint).Code)
				w.requireDead(t, tokens)
				w.requireDead(t, current.body)
				require.Equal(t, http.StatusOK, w.revoke(sent).Code, "a second time")
			}
		}
		require.Equal(t, 6, w.events(audit.TokenRevoked))
	})
}

func TestRevokeTokensOfOtherClients(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tokens := w.offline()
		other, secret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs = []string{callback} })
		asOther := authorization(basicText(other.ID + ":" + secret))
		for _, token := range []string{
			tokens["access_token"].(string), tokens["refresh_token"].(string), tokens["id_token"].(string), "unknown", strings.Repeat("x", 8<<10), refreshPrefix + "x.1.y",
		} {
			require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", url.Values{"token": {token}}, asOther).Code)
		}
		for _, token := range append(jwttest.Variants(tokens["access_token"].(string)), jwttest.Variants(tokens["refresh_token"].(string))...) {
			require.Equal(t, http.StatusOK, w.revoke(token).Code)
		}
		require.Equal(t, http.StatusOK, w.revoke(tokens["id_token"]).Code)
		require.Equal(t, http.StatusOK, w.userinfo(tokens["access_token"].(string)).Code)
		requireTokens(t, w.refresh(tokens["refresh_token"].(string)))
		requireError(t, w.post("/oauth2/revoke", url.Values{}), http.StatusBadRequest, invalidRequest)
	})
}

func TestRevokeByAPublicClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public := w.at(client.SPA, callback)
		a := w.asPublic(public, w.code(public, "scope", "openid offline_access"))
		access := requireTokens(t, a)
		form := url.Values{"token": {refreshTokenOf(a)}, "client_id": {public.ID}}
		require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", form, anonymous).Code)
		requireError(t, w.userinfo(access), http.StatusUnauthorized, invalidToken)
	})
}
