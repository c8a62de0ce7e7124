package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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
					require.Contains(t, header.Values("Vary"), "Origin")
					if !allowed {
						require.Empty(t, header.Values("Access-Control-Allow-Credentials"), "%s at %s", origin, path)
						require.Empty(t, header.Values("Access-Control-Allow-Origin"), "%s at %s", origin, path)
						require.Empty(t, header.Values("Access-Control-Allow-Headers"))
						continue
					}
					require.Equal(t, []string{origin}, header.Values("Access-Control-Allow-Origin"))
					require.Equal(t, []string{"true"}, header.Values("Access-Control-Allow-Credentials"))
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

// A browser app can read what it needs of a refusal: the reason, and the nonce for its next proof.
func TestRefusalsCanBeReadAcrossOrigins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const origin = "https://spa.example.test"
		spa := w.at(client.SPA, origin+"/cb")
		for path, header := range map[string]string{"/userinfo": "WWW-Authenticate", "/oauth2/token": "DPoP-Nonce", "/oauth2/par": "DPoP-Nonce"} {
			r := httptest.NewRequest(http.MethodOptions, path, nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", http.MethodPost)
			r.Header.Set("Access-Control-Request-Headers", "authorization,content-type,dpop")
			a := w.do(r)
			require.Equal(t, http.StatusNoContent, a.Code)
			allowed := strings.ToLower(a.Header().Get("Access-Control-Allow-Headers"))
			for _, name := range []string{"authorization", "content-type", "dpop"} {
				require.Contains(t, allowed, name, path)
			}

			old := proofOfKey(t, "ES256", path, "iat", time.Now().Add(-time.Hour).Unix())
			form := params(w.request(spa), "grant_type", "authorization_code", "code", w.code(spa), "code_verifier", verifier)
			a = w.post(path, form, anonymous, showing(old), func(r *http.Request) { r.Header.Set("Origin", origin) })
			require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, a.Code, path)
			require.Equal(t, origin, a.Header().Get("Access-Control-Allow-Origin"), path)
			require.Contains(t, a.Header().Get("Access-Control-Expose-Headers"), header)
			require.NotEmpty(t, a.Header().Get(header), path)
		}
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json"} {
			require.Equal(t, "*", w.get(path).Header().Get("Access-Control-Allow-Origin"), path)
			require.Empty(t, w.get(path).Header().Get("Access-Control-Allow-Credentials"), "browsers refuse it beside *")
		}
	})
}

// Some browser apps send their requests with credentials. Who is signed in in that browser changes nothing.
func TestCrossOriginRequestsReadNoCookie(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const origin = "https://spa.example.test"
		form := url.Values{"client_id": {w.at(client.SPA, origin+"/cb").ID}}
		from := func(r *http.Request) { r.Header.Set("Origin", origin) }
		session := w.browser.session
		for _, path := range []string{"/oauth2/token", "/oauth2/par", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/device_authorization", "/userinfo"} {
			w.browser.session = session
			signedIn := w.post(path, form, anonymous, from)
			w.browser.session = nil
			nobody := w.post(path, form, anonymous, from)
			require.Equal(t, "true", signedIn.Header().Get("Access-Control-Allow-Credentials"), path)
			require.Empty(t, signedIn.Header().Values("Set-Cookie"), path)
			require.Equal(t, nobody.Code, signedIn.Code, path)
			require.Equal(t, nobody.body, signedIn.body, path)
		}
	})
}

// Browsers visit the authorization endpoint; scripts must not call it.
func TestAuthorizationEndpointIsNotCalledAcrossOrigins(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		spa := w.at(client.SPA, "https://spa.example.test/cb")
		r := httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+w.request(spa).Encode(), nil)
		r.Header.Set("Origin", "https://spa.example.test")
		require.Empty(t, w.do(r).Header().Values("Access-Control-Allow-Origin"))
	})
}
