package provider

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

func (w *world) get(path string) answer { return w.do(httptest.NewRequest(http.MethodGet, path, nil)) }

func TestDiscovery(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.get("/.well-known/openid-configuration")
		require.Equal(t, http.StatusOK, a.Code)
		require.Equal(t, issuer, a.body["issuer"])
		require.Equal(t, w.get("/.well-known/oauth-authorization-server").Body.String(), a.Body.String())
		require.Equal(t, "*", a.Header().Get("Access-Control-Allow-Origin"))
		require.Contains(t, a.Header().Get("Cache-Control"), "public")

		routes := map[string]bool{}
		for _, route := range w.router.Routes() {
			routes[route.Path] = true
		}
		for name, value := range a.body {
			if strings.HasSuffix(name, "_endpoint") || name == "jwks_uri" {
				path, found := strings.CutPrefix(value.(string), issuer)
				require.True(t, found, name)
				require.True(t, routes[path], "%s is not served", value)
			}
		}
		require.NotContains(t, a.body, "registration_endpoint")
		require.Equal(t, issuer+"/oauth2/logout", a.body["end_session_endpoint"])
		require.Equal(t, issuer+"/oauth2/par", a.body["pushed_authorization_request_endpoint"])
		require.Equal(t, true, a.body["request_parameter_supported"])
		require.Equal(t, true, a.body["request_uri_parameter_supported"])
		require.Equal(t, true, a.body["authorization_response_iss_parameter_supported"])
		require.Equal(t, []any{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}, a.body["response_types_supported"])
		require.Equal(t, []any{"query", "fragment", "form_post"}, a.body["response_modes_supported"])
		require.Equal(t, []any{"S256"}, a.body["code_challenge_methods_supported"])
		require.Equal(t, []any{"RS256", "ES256", "EdDSA", "PS256", "none"}, a.body["id_token_signing_alg_values_supported"])
		require.NotContains(t, a.Body.String(), "client_secret_jwt")
		require.Equal(t, []any{"RS256", "PS256", "ES256", "EdDSA"}, a.body["dpop_signing_alg_values_supported"])
		for _, endpoint := range []string{"token", "revocation", "introspection"} {
			require.Contains(t, a.body[endpoint+"_endpoint_auth_methods_supported"], "private_key_jwt")
			require.Equal(t, []any{"RS256", "PS256", "ES256", "EdDSA"}, a.body[endpoint+"_endpoint_auth_signing_alg_values_supported"])
		}
		require.NotContains(t, a.body["introspection_endpoint_auth_methods_supported"], "none")
	})
}

// Everything that the discovery document announces works.
func TestEverythingAnnouncedWorks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		about := w.get("/.well-known/openid-configuration").body
		for _, scope := range about["scopes_supported"].([]any) {
			require.NotEmpty(t, w.code(w.web, "scope", "openid "+scope.(string)))
		}
		for _, prompt := range about["prompt_values_supported"].([]any) {
			a := w.authorize(w.request(w.web, "prompt", prompt.(string)))
			require.Equal(t, http.StatusSeeOther, a.Code)
			require.NotEqual(t, invalidRequest, a.query.Get("error"), prompt)
		}
		for _, acr := range about["acr_values_supported"].([]any) {
			a := w.redeem(w.code(w.web, "acr_values", acr.(string)))
			require.Equal(t, acr, w.idToken(a.body["id_token"])["acr"])
		}
		for _, alg := range about["id_token_signing_alg_values_supported"].([]any) {
			require.Contains(t, append(client.SigningAlgs(), client.AlgNone), alg)
		}
		for _, kind := range about["grant_types_supported"].([]any) {
			if kind != client.GrantImplicit { // which has no token endpoint
				require.NotEqual(t, unsupportedGrantType, w.redeem("x", "grant_type", kind.(string)).body["error"])
			}
		}
		for _, kind := range about["response_types_supported"].([]any) {
			require.NotContains(t, w.send(w.hybrid(), kind.(string), "fragment"), "error", kind)
		}
		for _, mode := range about["response_modes_supported"].([]any) {
			require.Contains(t, w.send(w.hybrid(), "code", mode.(string)), "code", mode)
		}
	})
}

func TestKeySet(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		w, other := newWorld(t, db.Open(t)), joinWorld(t, db.Open(t))
		a := w.get("/.well-known/jwks.json")
		require.Equal(t, http.StatusOK, a.Code)
		require.Equal(t, a.Body.String(), other.get("/.well-known/jwks.json").Body.String(), "the same at every replica")
		require.Equal(t, "*", a.Header().Get("Access-Control-Allow-Origin"))
		var set jose.JSONWebKeySet
		require.NoError(t, json.Unmarshal(a.Body.Bytes(), &set))
		seen := map[string]bool{}
		for _, key := range set.Keys {
			require.True(t, key.IsPublic())
			require.True(t, key.Valid())
			require.Equal(t, "sig", key.Use)
			require.NotEmpty(t, key.Algorithm)
			require.False(t, seen[key.KeyID])
			seen[key.KeyID] = true
		}
		for _, member := range []string{`"d"`, `"p"`, `"q"`, `"dp"`, `"k"`} {
			require.NotContains(t, a.Body.String(), member+":")
		}
	})
}

func TestDocumentsAreCacheable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"} {
			tag := w.get(path).Header().Get("ETag")
			require.NotEmpty(t, tag)
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("If-None-Match", tag)
			a := w.do(r)
			require.Equal(t, http.StatusNotModified, a.Code)
			require.Empty(t, a.Body.String())
			r.Header.Set("If-None-Match", `"other"`)
			require.Equal(t, http.StatusOK, w.do(r).Code)
			require.Equal(t, http.StatusOK, w.do(httptest.NewRequest(http.MethodHead, path, nil)).Code)
			require.Equal(t, http.StatusMethodNotAllowed, w.do(httptest.NewRequest(http.MethodPost, path, nil)).Code)
		}
	})
}
