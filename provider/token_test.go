package provider

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage/audit"
)

func TestTokenAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.redeem(w.code(w.web, "scope", "openid email offline_access"))
		requireTokens(t, a)
		require.Equal(t, "openid email offline_access", a.body["scope"])
		require.InDelta(t, 600, a.body["expires_in"], 0)
		require.Regexp(t, `^pst_at_[A-Za-z0-9_-]{100,}$`, a.body["access_token"])
		require.Regexp(t, `^pst_rt_[A-Z2-7]{26}\.1\.[A-Za-z0-9_-]{43}$`, a.body["refresh_token"])
		require.ElementsMatch(t, []string{"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}, keysOf(a.body))
		for _, secret := range []string{"access_token", "refresh_token", "id_token"} {
			require.NotContains(t, w.log.String(), a.body[secret])
		}
	})
}

func keysOf(m map[string]any) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

func TestGrantTypes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		service, secret := w.register(client.Service, func(*client.Metadata) {})
		code := w.code(w.web)
		for _, kind := range []string{
			"password", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer",
			"urn:ietf:params:oauth:grant-type:token-exchange", "urn:openid:params:grant-type:ciba",
			"implicit", "AUTHORIZATION_CODE", "authorization_code refresh_token", " authorization_code", "x",
		} {
			a := w.redeem(code, "grant_type", kind, "username", "ada", "password", "x", "assertion", "a.b.c")
			requireError(t, a, http.StatusBadRequest, unsupportedGrantType)
		}
		requireError(t, w.redeem(code, "grant_type", ""), http.StatusBadRequest, invalidRequest)
		asService := authorization(basicText(service.ID + ":" + secret))
		for _, form := range []url.Values{
			{"grant_type": {"authorization_code"}, "code": {code}}, {"grant_type": {"refresh_token"}, "refresh_token": {"x"}},
		} {
			requireError(t, w.post("/oauth2/token", form, asService), http.StatusBadRequest, unauthorizedClient)
		}
		for _, kind := range []string{client.GrantClient, client.GrantDevice} { // the client is not registered for them
			requireError(t, w.redeem(code, "grant_type", kind, "device_code", "pst_dc_x"), http.StatusBadRequest, unauthorizedClient)
		}
		requireTokens(t, w.redeem(code))
	})
}

func TestCodeIsRedeemedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web, "scope", "openid offline_access")
		first := w.redeem(code)
		access := requireTokens(t, first)
		require.Equal(t, http.StatusOK, w.userinfo(access).Code)
		for range 2 {
			requireError(t, w.redeem(code), http.StatusBadRequest, invalidGrant)
			require.Equal(t, http.StatusUnauthorized, w.userinfo(access).Code)
			require.Equal(t, false, w.introspect(access)["active"])
			requireError(t, w.refresh(first.body["refresh_token"].(string)), http.StatusBadRequest, invalidGrant)
		}
		require.Equal(t, 1, w.events(audit.AuthorizationCodeReused))
	})
}

// An app that got an error instead of a code, and asks for tokens all the same, is told what is missing, however it authenticates.
func TestCodeIsMissing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, as := range map[string]func(*http.Request){
			"the right secret": w.basic, "a wrong secret": authorization(basicText(w.web.ID + ":wrong")),
			"an unknown client": authorization(basicText("nobody:secret")), "no client": anonymous,
		} {
			for _, form := range []url.Values{
				{"grant_type": {"authorization_code"}, "redirect_uri": {callback}},
				{"grant_type": {"authorization_code"}, "redirect_uri": {callback}, "code": {""}, "code_verifier": {verifier}},
			} {
				a := w.post("/oauth2/token", form, as)
				requireError(t, a, http.StatusBadRequest, invalidRequest)
				require.Equal(t, "The parameter code is missing.", a.body["error_description"], name)
				require.Empty(t, a.Header().Get("WWW-Authenticate"))
			}
		}
		requireError(t, w.post("/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}, anonymous), http.StatusUnauthorized, invalidClient)
	})
}

func TestCodeOfAnotherClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other, secret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs = []string{callback} })
		asOther := authorization(basicText(other.ID + ":" + secret))
		public := w.at(client.SPA, callback)
		code := w.code(w.web)
		form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		for range maxVerifierFailures + 1 {
			requireError(t, w.post("/oauth2/token", form, asOther), http.StatusBadRequest, invalidGrant)
			requireError(t, w.asPublic(public, code, "code_verifier", ""), http.StatusBadRequest, invalidGrant)
		}
		access := requireTokens(t, w.redeem(code))
		requireError(t, w.post("/oauth2/token", form, asOther), http.StatusBadRequest, invalidGrant)
		require.Equal(t, http.StatusOK, w.userinfo(access).Code, "another client cannot revoke the grant")
	})
}

func TestCodeIsNotGuessed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web)
		guesses := append(jwttest.Variants(code), "x", strings.Repeat("x", 8<<10), codePrefix, token.NewCode(), code[:len(code)-1], code+"A", strings.Repeat(code, 2))
		var bodies []string
		for _, guess := range guesses {
			a := w.redeem(guess)
			requireError(t, a, http.StatusBadRequest, invalidGrant)
			bodies = append(bodies, a.Body.String())
		}
		for _, body := range bodies {
			require.Equal(t, bodies[0], body)
		}
		requireError(t, w.redeem(strings.Repeat("x", 10_000)), http.StatusBadRequest, invalidRequest)
		requireTokens(t, w.redeem(code))
	})
}

func TestCodeAfterTheClientChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web, "scope", "openid offline_access")
		w.change(w.web, func(m *client.Metadata) { m.GrantTypes = []string{client.GrantCode} })
		a := w.redeem(code)
		requireTokens(t, a)
		require.NotContains(t, a.body, "refresh_token", "no longer registered for it")

		code = w.code(w.web)
		w.change(w.web, func(m *client.Metadata) {
			m.GrantTypes, m.ResponseTypes, m.RedirectURIs = []string{client.GrantClient}, nil, nil
		})
		requireError(t, w.redeem(code), http.StatusBadRequest, unauthorizedClient)
		require.NoError(t, w.clients.Disable(t.Context(), w.web.ID, operator, time.Now()))
		requireError(t, w.redeem(code), http.StatusUnauthorized, invalidClient)
	})
}

func TestScopeAtTheTokenEndpoint(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.redeem(w.code(w.web, "scope", "openid"), "scope", "openid email groups offline_access")
		access := requireTokens(t, a)
		require.Equal(t, "openid", a.body["scope"])
		require.NotContains(t, a.body, "refresh_token")
		require.Equal(t, map[string]any{"sub": w.user.ID}, w.userinfo(access).body)

		a = w.redeem(w.code(w.web, "scope", "profile email"))
		access = requireTokens(t, a)
		require.NotContains(t, a.body, "id_token", "openid was not asked for")
		requireError(t, w.userinfo(access), http.StatusForbidden, insufficientScope)
	})
}

func TestOfflineAccess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent, m.GrantTypes = []string{callback}, client.ConsentSkip, []string{client.GrantCode}
		})
		a := w.post("/oauth2/token", url.Values{
			"grant_type": {"authorization_code"}, "code": {w.code(c, "scope", "openid offline_access")}, "redirect_uri": {callback}, "code_verifier": {verifier},
		}, authorization(basicText(c.ID+":"+secret)))
		requireTokens(t, a)
		require.NotContains(t, a.body, "refresh_token", "not registered for it")
		require.Equal(t, "openid", a.body["scope"])
	})
}

func TestClientCredentials(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		service, secret := w.register(client.Service, func(m *client.Metadata) { m.Scopes = []string{"orders:read", "orders:write"} })
		asService := authorization(basicText(service.ID + ":" + secret))
		ask := func(scope string) answer {
			return w.post("/oauth2/token", params(url.Values{"grant_type": {"client_credentials"}}, "scope", scope), asService)
		}
		a := ask("orders:read")
		access := requireTokens(t, a)
		require.ElementsMatch(t, []string{"access_token", "token_type", "expires_in", "scope"}, keysOf(a.body))
		require.Equal(t, "orders:read", a.body["scope"])
		for _, scope := range []string{"openid", "offline_access openid", "orders:*", "ORDERS:READ", "unknown"} {
			a := ask(scope)
			requireError(t, a, http.StatusBadRequest, invalidScope)
			require.Contains(t, a.body["error_description"], "Asked for: "+scope)
		}
		for _, scope := range []string{"orders:read openid", "roles orders:read orders:*"} {
			a := ask(scope)
			requireTokens(t, a)
			require.Equal(t, "orders:read", a.body["scope"], "what the client may not have is left out")
		}
		requireTokens(t, ask(""))
		w.change(service, func(m *client.Metadata) { m.Scopes = append(m.Scopes, client.StandardScopes()...) })
		requireError(t, ask("openid"), http.StatusBadRequest, invalidScope)

		shown := w.post("/oauth2/introspect", url.Values{"token": {access}}, asService)
		require.Equal(t, true, shown.body["active"])
		require.Equal(t, service.ID, shown.body["sub"])
		require.Equal(t, "orders:read", shown.body["scope"])
		requireError(t, w.userinfo(access), http.StatusForbidden, insufficientScope)

		require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", url.Values{"token": {access}}, asService).Code)
		shown = w.post("/oauth2/introspect", url.Values{"token": {access}}, asService)
		require.Equal(t, map[string]any{"active": false}, shown.body)

		access = requireTokens(t, ask(""))
		require.NoError(t, w.clients.Disable(t.Context(), service.ID, operator, time.Now()))
		requireError(t, ask(""), http.StatusUnauthorized, invalidClient)
		requireError(t, w.userinfo(access), http.StatusUnauthorized, invalidToken)
	})
}

// Codes and tokens are long and all different, and reveal no time, person or number.
func TestTokensAreRandom(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		seen := map[string]bool{}
		for range 20 {
			code := w.code(w.web, "scope", "openid offline_access")
			a := w.redeem(code)
			for _, token := range []string{code, requireTokens(t, a), a.body["refresh_token"].(string)} {
				require.False(t, seen[token])
				seen[token] = true
				raw, _ := base64.RawURLEncoding.DecodeString(token[strings.LastIndexAny(token, "_.")+1:])
				for _, known := range []string{w.user.ID, w.web.ID, w.user.Email, strconv.FormatInt(time.Now().Unix(), 10)[:7]} {
					require.NotContains(t, token, known)
					require.NotContains(t, string(raw), known)
				}
			}
		}
		for range 10_000 {
			code := token.NewCode()
			require.Len(t, code, len(codePrefix)+43)
			require.False(t, seen[code])
			seen[code] = true
		}
	})
}

func TestTwoExchangesOnOneConnection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		server := httptest.NewServer(w.router)
		t.Cleanup(server.Close)
		conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		body := url.Values{
			"grant_type": {"authorization_code"}, "code": {w.code(w.web)}, "redirect_uri": {callback}, "code_verifier": {verifier},
		}.Encode()
		request := "POST /oauth2/token HTTP/1.1\r\nHost: id.example.test\r\nAuthorization: " + basicText(w.web.ID+":"+w.secret) +
			"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
		_, err = io.WriteString(conn, request+request)
		require.NoError(t, err)
		var statuses []int
		reader := bufio.NewReader(conn)
		for range 2 {
			response, err := http.ReadResponse(reader, nil)
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, response.Body)
			require.NoError(t, err)
			statuses = append(statuses, response.StatusCode)
		}
		require.ElementsMatch(t, []int{http.StatusOK, http.StatusBadRequest}, statuses)
	})
}
