package provider

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
)

// The modules of the plan Dynamic and of third-party-initiated login that are about the registration of clients.

func TestOIDCCIDTokenSignature(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.dynamic()
		require.Equal(r.t, "RS256", r.web.IDTokenAlg, "the default, by which the checker verifies")
		r.succeeds()
	})
}

func TestOIDCCIDTokenRS256(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.dynamic("id_token_signed_response_alg", "RS256")
		r.succeeds()
	})
}

func TestOIDCCIDTokenUnsigned(t *testing.T) {
	conforms(t, []string{"code", "code token"}, func(r *run) {
		require.Contains(r.t, r.get("/.well-known/openid-configuration").body["id_token_signing_alg_values_supported"], "none")
		r.dynamic("id_token_signed_response_alg", "none")
		r.succeeds()
	})
}

func TestOIDCCRedirectURIRegfrag(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.refusesRegistration(client.InvalidRedirectURI, "redirect_uris", []string{callback + "#foobar"})
	})
}

// refusesRegistration checks that a registration is answered with an error code.
func (w *world) refusesRegistration(code string, pairs ...any) {
	w.t.Helper()
	requireError(w.t, w.json(http.MethodPost, oauth.RegisterPath, "", registrationText(w.t, pairs...)), http.StatusBadRequest, code)
}

func TestOIDCCRegistrationJWKSURI(t *testing.T) {
	conforms(t, withCode, func(r *run) {
		path := r.path("jwks")
		uri, before := r.app.serve(path, keySetOf(r.t, "RS256", "1")), r.app.fetches(path)
		r.dynamic("jwks", nil, "jwks_uri", uri)
		require.Equal(r.t, before, r.app.fetches(path), "nothing is fetched at registration")
		r.succeeds()
		require.Equal(r.t, before+1, r.app.fetches(path))
	})
}

func TestOIDCCEnsureClientAssertionWithIssAudSucceeds(t *testing.T) {
	conforms(t, withCode, func(r *run) {
		r.dynamic()
		r.audience = issuer
		r.succeeds()
	})
}

func TestOIDCCRegistrationSectorURI(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		require.Contains(r.t, r.get("/.well-known/openid-configuration").body["subject_types_supported"], "pairwise")
		uri, before := r.app.serve("/sector.json", `["`+callback+`"]`), r.app.fetches("/sector.json")
		r.dynamic("subject_type", "pairwise", "sector_identifier_uri", uri)
		require.Equal(r.t, before+1, r.app.fetches("/sector.json"))
		sub := r.succeeds().idToken()["sub"]
		require.NotEqual(r.t, r.user.ID, sub)
		r.dynamic("subject_type", "pairwise", "sector_identifier_uri", uri)
		require.Equal(r.t, sub, r.succeeds().idToken()["sub"], "the same for all clients of the sector")
	})
}

// The list is fetched again when the redirect URIs or the sector identifier URI have changed.
func TestSectorListAfterAChange(t *testing.T) {
	module(t, func(t *testing.T, w *world, app *suiteApp) {
		other := "https://other.example.test/cb"
		uri := app.serve("/sector.json", `["`+callback+`","`+other+`"]`)
		registered := w.registers("subject_type", "pairwise", "sector_identifier_uri", uri, "redirect_uris", []string{callback, other})
		manage, token := registered["registration_client_uri"].(string), registered["registration_access_token"].(string)
		fetches := app.fetches("/sector.json")
		put := func(uris ...string) answer {
			return w.json(http.MethodPut, manage, token, registrationText(t, "client_id", registered["client_id"], "subject_type", "pairwise",
				"sector_identifier_uri", uri, "redirect_uris", uris))
		}
		require.Equal(t, http.StatusOK, put(callback, other).Code)
		require.Equal(t, fetches, app.fetches("/sector.json"), "neither the redirect URIs nor the sector identifier URI have changed")
		requireError(t, put(callback, "https://evil.example.test/cb"), http.StatusBadRequest, client.InvalidMetadata)
	})
}

func TestOIDCCRegistrationSectorBad(t *testing.T) {
	module(t, func(t *testing.T, w *world, app *suiteApp) {
		for name, uri := range map[string]string{
			"without the redirect URI": app.serve("/bad.json", `["https://app.example.test/other"]`),
			"not a list":               app.serve("/object.json", `{"redirect_uris":["`+callback+`"]}`),
			"not texts":                app.serve("/numbers.json", `[1]`),
			"too long":                 app.serve("/long.json", `["`+callback+`","`+strings.Repeat("x", longestSector)+`"]`),
			"not there":                app.URL + "/none.json",
			"not https":                strings.Replace(app.serve("/good.json", `["`+callback+`"]`), "https:", "http:", 1),
			"a private network":        "https://10.0.0.1/sector.json",
		} {
			a := w.json(http.MethodPost, oauth.RegisterPath, "", registrationText(t, "subject_type", "pairwise", "sector_identifier_uri", uri))
			require.Equal(t, http.StatusBadRequest, a.Code, name)
			require.Equal(t, client.InvalidMetadata, a.body["error"], name)
		}
		require.Zero(t, app.fetches("/good.json"))
	})
}

func TestOIDCCThirdPartyInitLogin(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		registered := w.registers("initiate_login_uri", "https://app.example.test/initiate")
		uri, token := registered["registration_client_uri"].(string), registered["registration_access_token"].(string)
		a := w.json(http.MethodGet, uri, token, "")
		require.Equal(t, http.StatusOK, a.Code)
		require.Contains(t, a.Header().Get("Content-Type"), "application/json")
		require.Equal(t, "https://app.example.test/initiate", a.body["initiate_login_uri"])
		require.Equal(t, http.StatusNoContent, w.json(http.MethodDelete, uri, token, "").Code)
	})
}

func TestOIDCCThirdPartyInitLoginNoHTTPS(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.refusesRegistration(client.InvalidMetadata, "initiate_login_uri", "http://app.example.test/initiate")
	})
}

// The client publishes another key with another kid at its jwks_uri, waits, and refreshes with that key.
func TestOIDCCRefreshTokenRPKeyRotation(t *testing.T) {
	conformsInTime(t, withCode, func(r *run) {
		uri := r.app.serve(r.path("jwks"), keySetOf(r.t, "RS256", "1"))
		r.dynamic("jwks", nil, "jwks_uri", uri, "grant_types", append(r.grants(), client.GrantRefresh))
		o := r.asksOffline()
		r.app.serve(r.path("jwks"), keySetOf(r.t, "ES256", "2"))
		time.Sleep(time.Minute)
		r.sign("ES256", "2")
		r.refreshes(o)
	})
}

// keySetOf returns a JWK Set with one key of the suite's client.
func keySetOf(t testing.TB, alg, kid string) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwttest.Public(jwttest.Keys()[alg], kid)}})
	require.NoError(t, err)
	return string(text)
}
