package provider

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
)

// inside turns the parameters of a request into the claims of a request object, with the pairs set; nil removes a claim.
func inside(form url.Values, pairs ...any) map[string]any {
	claims := map[string]any{}
	for name := range form {
		claims[name] = form.Get(name)
	}
	for i := 0; i < len(pairs); i += 2 {
		claims[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(claims, pairs[i].(string))
		}
	}
	return claims
}

// For a client that must sign its requests, only the parameters in the object count (RFC 9101 section 6.3), however the object is sent and whatever
// is beside it.
func TestNothingCountsBesideARequiredObject(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var text atomic.Value
		server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { _, _ = out.Write([]byte(text.Load().(string))) }))
		defer server.Close()
		c := w.asks(func(m *client.Metadata) {
			m.RequireSignedRequestObject, m.RequestURIs = true, []string{server.URL + "/object"}
			m.AuthMethod = client.AuthPrivateKey
			m.RedirectURIs = []string{callback, callback + "2"}
		})
		assertion := func() []string {
			return []string{"client_assertion_type", assertionType, "client_assertion", jwttest.Sign(t, "ES256", jwttest.Keys()["ES256"], "1", claimsOf(c.ID, time.Now()))}
		}
		ways := map[string]func(beside url.Values, object string) answer{
			"value": func(beside url.Values, object string) answer { return w.authorize(params(beside, "request", object)) },
			"reference": func(beside url.Values, object string) answer {
				text.Store(object)
				return w.authorize(params(beside, "request_uri", server.URL+"/object"))
			},
			"pushed": func(beside url.Values, object string) answer {
				a := w.post("/oauth2/par", params(params(beside, "request", object), assertion()...), anonymous)
				if a.Code != http.StatusCreated {
					return a
				}
				return w.authorize(pushed(c, a.body["request_uri"].(string)))
			},
		}
		whole := w.request(c, "login_hint", "ada", "max_age", "3600", "ui_locales", "de")
		for way, ask := range ways {
			// A parameter that is missing in the object is missing, even if it is beside it.
			for name, code := range map[string]string{"scope": invalidScope, "response_type": invalidRequest, "code_challenge": invalidRequest, "client_id": invalidRequestObject} {
				a := ask(whole, object(t, "ES256", "", inside(whole, name, nil)))
				if way == "pushed" {
					requireError(t, a, http.StatusBadRequest, code)
				} else {
					requireRefusal(t, a, callback, code)
				}
			}
			a := ask(whole, object(t, "ES256", "", inside(whole, "redirect_uri", nil)))
			if way == "pushed" {
				requireError(t, a, http.StatusBadRequest, invalidRequest)
			} else {
				requirePage(t, a, http.StatusBadRequest, "redirect_uri is missing")
			}
			// Parameters in the object override those beside it, and others beside it do not count.
			a = ask(w.request(c, "redirect_uri", callback+"2", "state", "beside", "response_mode", "fragment", "nonce", "beside", "prompt", "login",
				"scope", "openid", "dpop_jkt", strings.Repeat("A", 43), "registration", "{}", "claims", "x", "acr_values", "x"),
				object(t, "ES256", "", inside(w.request(c), "state", nil)))
			require.NotEmpty(t, a.query.Get("code"), "%s %v", way, a.location)
			require.True(t, strings.HasPrefix(a.location.String(), callback+"?"), a.location)
			require.False(t, a.query.Has("state"), a.location)
		}
	})
}

// An error is sent as the object says, once it is certain that the client made the object.
func TestErrorsGoWhereTheObjectSays(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		signing := w.asks(func(m *client.Metadata) { m.RequireSignedRequestObject = true })
		for alg, c := range map[string]*client.Client{
			"ES256":        w.asks(sameAs),
			client.AlgNone: w.asks(func(m *client.Metadata) { m.RequestObjectAlg = client.AlgNone }),
			"EdDSA": w.asks(func(m *client.Metadata) {
				m.RequestObjectAlg, m.RequestURIs = "", []string{"https://app.example.test/r"}
				m.JWKS = keySet(t, "EdDSA")
			}),
			"ES256 ": signing,
		} {
			alg := strings.TrimSpace(alg)
			said := inside(w.request(c), "state", "inside", "response_mode", oauth.ModeFragment)
			for name, claims := range map[string]map[string]any{
				"expired":        with(said, "exp", time.Now().Add(-time.Hour).Unix()),
				"another server": with(said, "aud", "https://other.example"),
				"list":           with(said, "scope", []string{"openid"}),
				"bad scope":      with(said, "scope", "nope"),
			} {
				a := w.authorize(w.request(c, "request", object(t, alg, "", claims), "state", "beside"))
				require.Equal(t, http.StatusSeeOther, a.Code, name)
				require.Empty(t, a.location.RawQuery, name)
				answer, err := url.ParseQuery(a.location.Fragment)
				require.NoError(t, err)
				require.NotEmpty(t, answer.Get("error"), name)
				require.Equal(t, "inside", answer.Get("state"), name)
			}
			a := w.authorize(w.request(c, "request", object(t, alg, "", with(said, "redirect_uri", "https://evil.example/", "aud", "https://other.example"))))
			requirePage(t, a, http.StatusBadRequest, "Wrong return address")
		}
		// It is not certain who made this object.
		forged := object(t, "EdDSA", "", inside(w.request(signing), "state", "inside", "redirect_uri", "https://evil.example/"))
		a := w.authorize(w.request(signing, "request", forged))
		requireRefusal(t, a, callback, invalidRequestObject)
		require.Equal(t, "the state", a.query.Get("state"))
	})
}

// A client that registered itself and named no algorithm may use any, and may leave its objects unsigned (OIDC Registration section 2); one
// that named an algorithm has to use it.
func TestSelfRegisteredClientsUseAnyAlgorithm(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		register := func(pairs ...any) *client.Client {
			made := w.registers(append([]any{"jwks", keySet(t, "ES256"), "redirect_uris", []string{callback}}, pairs...)...)
			c, err := w.clients.Client(t.Context(), made["client_id"].(string))
			require.NoError(t, err)
			return c
		}
		outcome := func(c *client.Client, alg string) answer {
			claims := inside(w.request(c), "state", "inside")
			return w.authorize(url.Values{"client_id": {c.ID}, "scope": {"openid"}, "response_type": {"code"}, "request": {object(t, alg, "", claims)}})
		}
		free := register()
		for _, alg := range []string{client.AlgNone, "ES256"} {
			a := outcome(free, alg)
			require.True(t, strings.HasPrefix(a.location.String(), issuer+"/consent?flow="), a.location)
		}
		named := register("request_object_signing_alg", "ES256")
		require.True(t, strings.HasPrefix(outcome(named, "ES256").location.String(), issuer+"/consent?flow="))
		requirePage(t, outcome(named, client.AlgNone), http.StatusBadRequest, "redirect_uri is missing")
		strict := register("require_signed_request_object", true)
		require.True(t, strings.HasPrefix(outcome(strict, "ES256").location.String(), issuer+"/consent?flow="))
		requirePage(t, outcome(strict, client.AlgNone), http.StatusBadRequest, "redirect_uri is missing")
	})
}

// with returns claims with the pairs set.
func with(claims map[string]any, pairs ...any) map[string]any {
	changed := maps.Clone(claims)
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i].(string)] = pairs[i+1]
	}
	return changed
}

// keySet returns the JWK Set of a client that signs with one algorithm.
func keySet(t testing.TB, alg string) json.RawMessage {
	t.Helper()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwttest.Public(jwttest.Keys()[alg], "1")}})
	require.NoError(t, err)
	return set
}
