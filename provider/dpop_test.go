package provider

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage"
)

// proofOfKey returns a proof for a POST to the path with the pairs set; nil removes a claim.
func proofOfKey(t testing.TB, alg, path string, pairs ...any) string {
	t.Helper()
	claims := map[string]any{"jti": storage.NewID(), "htm": "POST", "htu": issuer + path, "iat": time.Now().Unix()}
	for i := 0; i < len(pairs); i += 2 {
		claims[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(claims, pairs[i].(string))
		}
	}
	return jwttest.SignProof(t, alg, jwttest.Keys()[alg], claims)
}

// showing adds a proof to a request.
func showing(proof string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("DPoP", proof) }
}

// exchange redeems a code of the world's client or of a public one, with a proof.
func (w *world) exchange(c *client.Client, code, proof string) answer {
	w.t.Helper()
	form := params(nil, "grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
	return w.tokensFor(c, form, proof)
}

// tokensFor sends a token request with a proof, unless that is empty.
func (w *world) tokensFor(c *client.Client, form url.Values, proof string) answer {
	auth := []func(*http.Request){w.basic}
	if c.Public() {
		form, auth[0] = params(form, "client_id", c.ID), anonymous
	}
	if proof != "" {
		auth = append(auth, showing(proof))
	}
	return w.post("/oauth2/token", form, auth...)
}

func (w *world) renew(c *client.Client, token any, proof string) answer {
	return w.tokensFor(c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}}, proof)
}

// getUserInfo sends a UserInfo request with a token and a scheme, and with a proof unless alg is empty.
func (w *world) getUserInfo(scheme, token, alg string, pairs ...any) answer {
	r := httptest.NewRequest(http.MethodGet, "/userinfo", nil)
	r.Header.Set("Authorization", scheme+" "+token)
	if alg != "" {
		sum := sha256.Sum256([]byte(token))
		ath := base64.RawURLEncoding.EncodeToString(sum[:])
		r.Header.Set("DPoP", proofOfKey(w.t, alg, "/userinfo", append([]any{"htm", "GET", "ath", ath}, pairs...)...))
	}
	return w.do(r)
}

// requireBound returns the access token of an answer whose tokens are bound to a key.
func requireBound(t testing.TB, a answer) string {
	t.Helper()
	require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	require.Equal(t, "DPoP", a.body["token_type"])
	requireUnstored(t, a)
	return a.body["access_token"].(string)
}

// RFC 9449 sections 5, 6 and 7, with each algorithm and each form of access token.
func TestDPoPBoundTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, format := range []string{client.TokenSealed, client.TokenJWT} {
			w.change(w.web, func(m *client.Metadata) { m.AccessTokenFormat = format })
			for _, alg := range client.SigningAlgs() {
				a := w.exchange(w.web, w.code(w.web), proofOfKey(t, alg, "/oauth2/token"))
				token := requireBound(t, a)
				require.NotEmpty(t, a.Header().Get("DPoP-Nonce"), "section 8.2")
				if format == client.TokenJWT {
					_, claims := jwttest.TakeApart(t, token)
					require.Equal(t, map[string]any{"jkt": jwttest.Thumbprint(t, alg)}, claims["cnf"])
				}
				shown := w.introspect(token)
				require.Equal(t, "DPoP", shown["token_type"], "section 6.2")
				require.Equal(t, map[string]any{"jkt": jwttest.Thumbprint(t, alg)}, shown["cnf"])
				info := w.getUserInfo("DPoP", token, alg)
				require.Equal(t, http.StatusOK, info.Code, info.Body.String())
				require.Equal(t, w.user.ID, info.body["sub"])
			}
		}
		a := w.exchange(w.web, w.code(w.web), "")
		require.Equal(t, "Bearer", a.body["token_type"])
		require.Empty(t, a.Header().Get("DPoP-Nonce"))
		require.NotContains(t, w.introspect(requireTokens(t, a)), "cnf")
	})
}

// RFC 9449 sections 7.1 and 7.2.
func TestDPoPAtUserInfo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		plain := requireTokens(t, w.exchange(w.web, w.code(w.web), ""))
		bound := requireBound(t, w.exchange(w.web, w.code(w.web), proofOfKey(t, "ES256", "/oauth2/token")))
		for name, tc := range map[string]struct {
			a    answer
			code string
		}{
			"bound as Bearer":          {w.getUserInfo("Bearer", bound, ""), invalidToken},
			"bound as Bearer, a proof": {w.getUserInfo("Bearer", bound, "ES256"), invalidToken},
			"unbound with a proof":     {w.getUserInfo("DPoP", plain, "ES256"), invalidToken},
			"another key":              {w.getUserInfo("DPoP", bound, "EdDSA"), invalidToken},
			"no proof":                 {w.getUserInfo("DPoP", bound, ""), invalidDPoPProof},
			"another method":           {w.getUserInfo("DPoP", bound, "ES256", "htm", "POST"), invalidDPoPProof},
			"another address":          {w.getUserInfo("DPoP", bound, "ES256", "htu", issuer+"/oauth2/token"), invalidDPoPProof},
			"no ath":                   {w.getUserInfo("DPoP", bound, "ES256", "ath", nil), invalidDPoPProof},
			"another token's ath":      {w.getUserInfo("DPoP", bound, "ES256", "ath", s256(plain)), invalidDPoPProof},
			"an invented nonce":        {w.getUserInfo("DPoP", bound, "ES256", "nonce", "x"), useDPoPNonce},
			"an old proof":             {w.getUserInfo("DPoP", bound, "ES256", "iat", time.Now().Unix()-70), useDPoPNonce},
		} {
			require.Equal(t, http.StatusUnauthorized, tc.a.Code, name)
			require.Equal(t, tc.code, tc.a.body["error"], name)
			challenges := strings.Join(tc.a.Header().Values("WWW-Authenticate"), "\n")
			require.Contains(t, challenges, `DPoP algs="RS256 PS256 ES256 EdDSA"`, name)
			require.Contains(t, challenges, `error="`+tc.code+`"`, name)
			require.Equal(t, tc.code == useDPoPNonce, tc.a.Header().Get("DPoP-Nonce") != "", name)
		}
		nonce := w.getUserInfo("DPoP", bound, "ES256", "iat", 1).Header().Get("DPoP-Nonce")
		require.Equal(t, http.StatusOK, w.getUserInfo("DPoP", bound, "ES256", "iat", 1, "nonce", nonce).Code, "a wrong clock")
		require.Equal(t, http.StatusOK, w.getUserInfo("dpop", bound, "ES256", "jti", "once").Code)
		a := w.getUserInfo("DPoP", bound, "ES256", "jti", "once")
		requireError(t, a, http.StatusUnauthorized, invalidDPoPProof)
		require.Equal(t, http.StatusOK, w.userinfo(plain).Code)
	})
}

// RFC 9449 section 10: a code is bound by dpop_jkt, or by the proof of a pushed request.
func TestDPoPBoundCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		own := jwttest.Thumbprint(t, "ES256")
		push := func(pairs ...string) string {
			a := w.post("/oauth2/par", w.request(w.web, pairs...), w.basic, showing(proofOfKey(t, "ES256", "/oauth2/par")))
			require.Equal(t, http.StatusCreated, a.Code, a.Body.String())
			require.NotEmpty(t, a.Header().Get("DPoP-Nonce"))
			return w.authorize(pushed(w.web, a.body["request_uri"].(string), "dpop_jkt", jwttest.Thumbprint(t, "EdDSA"))).query.Get("code")
		}
		for name, code := range map[string]string{"dpop_jkt": w.code(w.web, "dpop_jkt", own), "pushed": push(), "both": push("dpop_jkt", own)} {
			require.NotEmpty(t, code, name)
			requireInvalidGrant(t, w.exchange(w.web, code, ""))
			requireInvalidGrant(t, w.exchange(w.web, code, proofOfKey(t, "EdDSA", "/oauth2/token")))
			a := w.exchange(w.web, code, proofOfKey(t, "ES256", "/oauth2/token"))
			token := requireBound(t, a)
			requireInvalidGrant(t, w.exchange(w.web, code, proofOfKey(t, "EdDSA", "/oauth2/token")))
			require.Equal(t, http.StatusOK, w.getUserInfo("DPoP", token, "ES256").Code, "without the key, nobody can end the grant")
			requireInvalidGrant(t, w.exchange(w.web, code, proofOfKey(t, "ES256", "/oauth2/token")))
			require.Equal(t, http.StatusUnauthorized, w.getUserInfo("DPoP", token, "ES256").Code, "the code was used twice with the key")
		}
		a := w.post("/oauth2/par", w.request(w.web, "dpop_jkt", own), w.basic, showing(proofOfKey(t, "EdDSA", "/oauth2/par")))
		requireError(t, a, http.StatusBadRequest, invalidRequest)
		for _, jkt := range []string{"x", own + "A", strings.Replace(own, own[:1], "+", 1)} {
			requireRefusal(t, w.authorize(w.request(w.web, "dpop_jkt", jkt)), callback, invalidRequest)
		}
	})
}

// RFC 9449 section 5: the refresh tokens of public clients are bound to a key, those of other clients to the client alone.
func TestDPoPAndRefreshTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		spa := w.at(client.SPA, callback)
		with := func(alg string) string { return proofOfKey(t, alg, "/oauth2/token") }
		offline := func(c *client.Client, proof string) map[string]any {
			a := w.exchange(c, w.code(c, "scope", "openid offline_access"), proof)
			require.Equal(t, http.StatusOK, a.Code, a.Body.String())
			return a.body
		}
		first := offline(spa, with("ES256"))["refresh_token"]
		requireInvalidGrant(t, w.renew(spa, first, ""))
		requireInvalidGrant(t, w.renew(spa, first, with("EdDSA")))
		second := w.renew(spa, first, with("ES256"))
		require.Equal(t, "DPoP", second.body["token_type"])
		require.Equal(t, http.StatusOK, w.getUserInfo("DPoP", requireBound(t, second), "ES256").Code)
		requireInvalidGrant(t, w.renew(spa, first, with("EdDSA")))
		require.Equal(t, second.body["refresh_token"], w.renew(spa, first, with("ES256")).body["refresh_token"], "after a lost answer, with a new proof")
		third := w.renew(spa, second.body["refresh_token"], with("ES256"))
		requireInvalidGrant(t, w.renew(spa, first, with("EdDSA")))
		requireBound(t, w.renew(spa, third.body["refresh_token"], with("ES256")))

		later := w.renew(spa, offline(spa, "")["refresh_token"], with("ES256"))
		require.Equal(t, "DPoP", later.body["token_type"])
		requireInvalidGrant(t, w.renew(spa, later.body["refresh_token"], ""))
		requireBound(t, w.renew(spa, later.body["refresh_token"], with("ES256")))

		mine := w.renew(w.web, offline(w.web, with("ES256"))["refresh_token"], with("EdDSA"))
		require.Equal(t, map[string]any{"jkt": jwttest.Thumbprint(t, "EdDSA")}, w.introspect(requireBound(t, mine))["cnf"])
		require.Equal(t, "Bearer", w.renew(w.web, mine.body["refresh_token"], "").body["token_type"])
	})
}

// RFC 9449 sections 5.2 and 8: a client that is registered for DPoP must send a proof with our nonce.
func TestDPoPRequired(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) { m.DPoPRequired = true })
		code := w.code(w.web, "scope", "openid offline_access")
		requireError(t, w.exchange(w.web, code, ""), http.StatusBadRequest, invalidDPoPProof)
		a := w.exchange(w.web, code, proofOfKey(t, "ES256", "/oauth2/token"))
		requireError(t, a, http.StatusBadRequest, useDPoPNonce)
		nonce := a.Header().Get("DPoP-Nonce")
		require.NotEmpty(t, nonce)
		a = w.exchange(w.web, code, proofOfKey(t, "ES256", "/oauth2/token", "nonce", nonce, "iat", 1))
		require.Equal(t, "DPoP", a.body["token_type"], a.Body.String())
		requireError(t, w.renew(w.web, a.body["refresh_token"], ""), http.StatusBadRequest, invalidDPoPProof)
		requireBound(t, w.renew(w.web, a.body["refresh_token"], proofOfKey(t, "ES256", "/oauth2/token", "nonce", nonce)))
		a = w.post("/oauth2/par", w.request(w.web), w.basic, showing(proofOfKey(t, "ES256", "/oauth2/par")))
		requireError(t, a, http.StatusBadRequest, useDPoPNonce)
		a = w.post("/oauth2/par", w.request(w.web), w.basic, showing(proofOfKey(t, "ES256", "/oauth2/par", "nonce", a.Header().Get("DPoP-Nonce"))))
		require.Equal(t, http.StatusCreated, a.Code)
	})
}

func TestDPoPWithClientCredentials(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		service, secret := w.register(client.Service, func(*client.Metadata) {})
		a := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, authorization(basicText(service.ID+":"+secret)),
			showing(proofOfKey(t, "EdDSA", "/oauth2/token")))
		requireBound(t, a)
	})
}
