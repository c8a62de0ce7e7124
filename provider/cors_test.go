package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

func TestCrossOriginRequests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		spa := w.at(client.SPA, "https://spa.example.test/cb", "http://localhost:3000/cb")
		gone := w.at(client.SPA, "https://gone.example.test/cb")
		require.NoError(t, w.clients.Disable(t.Context(), gone.ID, operator, time.Now()))
		paths := []string{"/oauth2/token", "/oauth2/revoke", "/userinfo"}
		for origin, allowed := range map[string]bool{
			"https://spa.example.test": true, "http://localhost:3000": true,
			"https://app.example.test": false, "null": false, "*": false, "https://spa.example.test.evil.test": false,
			"https://evil-spa.example.test": false, "https://spa.example.test:8443": false, "http://spa.example.test": false,
			"https://spa.example.test/": false, "HTTPS://SPA.EXAMPLE.TEST": false, "https://gone.example.test": false, "https://x@spa.example.test": false,
		} {
			for _, path := range paths {
				for _, method := range []string{http.MethodPost, http.MethodOptions} {
					r := httptest.NewRequest(method, path, nil)
					r.Header.Set("Origin", origin)
					r.Header.Set("Access-Control-Request-Method", http.MethodPost)
					r.Header.Set("Access-Control-Request-Headers", "authorization")
					header := w.do(r).Header()
					require.Empty(t, header.Get("Access-Control-Allow-Credentials"))
					require.Contains(t, header.Values("Vary"), "Origin")
					if !allowed {
						require.Empty(t, header.Values("Access-Control-Allow-Origin"), "%s at %s", origin, path)
						require.Empty(t, header.Values("Access-Control-Allow-Headers"))
						continue
					}
					require.Equal(t, []string{origin}, header.Values("Access-Control-Allow-Origin"))
				}
			}
		}
		r := httptest.NewRequest(http.MethodOptions, "/oauth2/token", nil)
		r.Header.Set("Origin", "https://spa.example.test")
		a := w.do(r)
		require.Equal(t, http.StatusNoContent, a.Code)
		require.Contains(t, a.Header().Get("Access-Control-Allow-Headers"), "Authorization")
		require.Contains(t, a.Header().Get("Access-Control-Allow-Headers"), "DPoP")
		require.Contains(t, a.Header().Get("Access-Control-Allow-Methods"), "POST")

		code := w.code(spa)
		a = w.post("/oauth2/token", url.Values{
			"grant_type": {"authorization_code"}, "client_id": {spa.ID}, "code": {code}, "redirect_uri": {"https://spa.example.test/cb"}, "code_verifier": {verifier},
		}, func(r *http.Request) { r.Header.Set("Origin", "https://spa.example.test") })
		requireTokens(t, a)
		require.Equal(t, "https://spa.example.test", a.Header().Get("Access-Control-Allow-Origin"))
		require.Contains(t, a.Header().Get("Access-Control-Expose-Headers"), "DPoP-Nonce")
	})
}

// The authorization endpoint is visited, not called.
func TestAuthorizationEndpointIsNotCalledAcrossOrigins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		spa := w.at(client.SPA, "https://spa.example.test/cb")
		r := httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+w.request(spa).Encode(), nil)
		r.Header.Set("Origin", "https://spa.example.test")
		require.Empty(t, w.do(r).Header().Values("Access-Control-Allow-Origin"))
	})
}
