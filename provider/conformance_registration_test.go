package provider

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/storage/storagetest"
)

// What the modules of the OpenID Foundation's conformance suite do that need dynamic registration. Like the suite they ask without PKCE.

// suiteApp is where the suite's client lives.
type suiteApp struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]string
	asked map[string]int
}

func (a *suiteApp) serve(path, text string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files[path] = text
	return a.URL + path
}

func (a *suiteApp) fetches(path string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[path]
}

// module runs a test on every database, with an app that Postern can fetch from.
func module(t *testing.T, test func(*testing.T, *world, *suiteApp)) {
	app := &suiteApp{files: map[string]string{}, asked: map[string]int{}}
	app.Server = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		app.mu.Lock()
		defer app.mu.Unlock()
		app.asked[r.URL.Path]++
		text, found := app.files[r.URL.Path]
		if !found {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write([]byte(text))
	}))
	t.Cleanup(app.Close)
	roots := x509.NewCertPool()
	roots.AddCert(app.Certificate())
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		test(t, newWorld(t, db.Open(t), func(cfg *Config) {
			cfg.Registration, cfg.Fetch = RegistrationOpen, fetch.New(fetch.Config{Roots: roots, Allow: loopback})
		}), app)
	})
}

var withoutPKCE = []string{"code_challenge", "", "code_challenge_method", ""}

// tokens runs the code flow of the world's client.
func (w *world) tokens(pairs ...string) map[string]any {
	w.t.Helper()
	a := w.redeem(w.code(w.web, append(withoutPKCE, pairs...)...), "code_verifier", "")
	require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
	return a.body
}

func headerOf(t testing.TB, token any) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token.(string), ".")[0])
	require.NoError(t, err)
	var header map[string]any
	require.NoError(t, json.Unmarshal(text, &header))
	return header
}

func TestOIDCCDiscoveryEndpointVerificationDynamic(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		about := w.get("/.well-known/openid-configuration").body
		require.Equal(t, issuer+registerPath, about["registration_endpoint"])
		require.Subset(t, about["response_types_supported"], []any{"code", "id_token", "id_token token"})
		require.Subset(t, about["grant_types_supported"], []any{"authorization_code", "implicit"})
	})
}

func TestOIDCCIDTokenSignature(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.adopt(w.registers())
		header := headerOf(t, w.tokens()["id_token"])
		require.Equal(t, "RS256", header["alg"])
		require.NotEmpty(t, header["kid"])
	})
}

func TestOIDCCIDTokenRS256(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.adopt(w.registers("id_token_signed_response_alg", "RS256"))
		token := w.tokens()["id_token"]
		require.Equal(t, "RS256", headerOf(t, token)["alg"])
		require.Equal(t, w.user.ID, w.idToken(token)["sub"])
	})
}

func TestOIDCCIDTokenUnsigned(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.adopt(w.registers("id_token_signed_response_alg", "none"))
		token := w.tokens()["id_token"]
		require.Equal(t, "none", headerOf(t, token)["alg"])
		require.True(t, strings.HasSuffix(token.(string), "."))
	})
}

func TestOIDCCUserInfoRS256(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.adopt(w.registers("userinfo_signed_response_alg", "RS256"))
		a := w.userinfo(w.tokens()["access_token"].(string))
		require.Equal(t, http.StatusOK, a.Code)
		require.Contains(t, a.Header().Get("Content-Type"), "application/jwt")
		require.Equal(t, "RS256", headerOf(t, a.Body.String())["alg"])
	})
}

func TestOIDCCEnsureRedirectURIInAuthorizationRequest(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.adopt(w.registers("redirect_uris", []string{callback, callback + "2"}))
		a := w.authorize(w.request(w.web, "redirect_uri", ""))
		require.Equal(t, http.StatusBadRequest, a.Code)
		require.Nil(t, a.location)
	})
}

func TestOIDCCRedirectURIQueryOK(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.adopt(w.registers("redirect_uris", []string{callback + "?foo=bar"}))
		a := w.authorize(w.request(w.web, withoutPKCE...))
		require.Equal(t, http.StatusSeeOther, a.Code, a.Body.String())
		require.Equal(t, "bar", a.query.Get("foo"))
		require.NotEmpty(t, a.query.Get("code"))
	})
}

func TestOIDCCRedirectURIQueryMismatchAndAdded(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		for registered, sent := range map[string]string{callback + "?foo=bar": callback + "?foo=other", callback: callback + "?foo=bar"} {
			w.adopt(w.registers("redirect_uris", []string{registered}))
			a := w.authorize(w.request(w.web, "redirect_uri", sent))
			require.Equal(t, http.StatusBadRequest, a.Code)
			require.Nil(t, a.location)
		}
	})
}

func TestOIDCCRedirectURIRegfrag(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		a := w.json(http.MethodPost, registerPath, "", registration(t, "redirect_uris", []string{callback + "#foobar"}))
		require.Equal(t, http.StatusBadRequest, a.Code)
		require.Equal(t, client.InvalidRedirectURI, a.body["error"])
	})
}

func TestOIDCCRegistrationJWKSURI(t *testing.T) {
	module(t, func(t *testing.T, w *world, app *suiteApp) {
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{publicKey(clientKeys()["RS256"], "1")}})
		require.NoError(t, err)
		uri, before := app.serve("/jwks", string(set)), app.fetches("/jwks")
		w.adopt(w.registers("token_endpoint_auth_method", "private_key_jwt", "jwks_uri", uri))
		require.Equal(t, before, app.fetches("/jwks"), "nothing is fetched at registration")
		require.Equal(t, http.StatusOK, w.redeemByKey(issuer+"/oauth2/token").Code)
		require.Greater(t, app.fetches("/jwks"), before)
	})
}

// redeemByKey runs the code flow of the world's client, which has the key of RS256.
func (w *world) redeemByKey(audience string) answer {
	w.t.Helper()
	assertion := signAssertion(w.t, "RS256", clientKeys()["RS256"], "1", changedClaims(w.web.ID, time.Now(), "aud", audience))
	return w.post("/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {w.code(w.web, withoutPKCE...)}, "redirect_uri": {callback},
		"client_assertion": {assertion}, "client_assertion_type": {assertionType},
	}, anonymous)
}

func TestOIDCCEnsureClientAssertionWithIssAudSucceeds(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		w.adopt(w.registers("token_endpoint_auth_method", "private_key_jwt",
			"jwks", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{publicKey(clientKeys()["RS256"], "1")}}))
		a := w.redeemByKey(issuer)
		require.Equal(t, http.StatusOK, a.Code, a.Body.String())
	})
}

func TestOIDCCRegistrationSectorURI(t *testing.T) {
	module(t, func(t *testing.T, w *world, app *suiteApp) {
		other := "https://other.example.test/cb"
		uri := app.serve("/sector.json", `["`+callback+`","`+other+`"]`)
		registered := w.registers("subject_type", "pairwise", "sector_identifier_uri", uri, "redirect_uris", []string{callback, other})
		w.adopt(registered)
		sub := w.idToken(w.tokens()["id_token"])["sub"]
		require.NotEqual(t, w.user.ID, sub)
		w.adopt(w.registers("subject_type", "pairwise", "sector_identifier_uri", uri))
		require.Equal(t, sub, w.idToken(w.tokens()["id_token"])["sub"])

		manage, token := registered["registration_client_uri"].(string), registered["registration_access_token"].(string)
		fetches := app.fetches("/sector.json")
		put := func(uris ...string) answer {
			return w.json(http.MethodPut, manage, token, registration(t, "client_id", registered["client_id"], "subject_type", "pairwise",
				"sector_identifier_uri", uri, "redirect_uris", uris))
		}
		require.Equal(t, http.StatusOK, put(callback, other).Code)
		require.Equal(t, fetches, app.fetches("/sector.json"), "nothing that the list is about has changed")
		a := put(callback, "https://evil.example.test/cb")
		require.Equal(t, http.StatusBadRequest, a.Code)
		require.Equal(t, client.InvalidMetadata, a.body["error"])
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
			a := w.json(http.MethodPost, registerPath, "", registration(t, "subject_type", "pairwise", "sector_identifier_uri", uri))
			require.Equal(t, http.StatusBadRequest, a.Code, name)
			require.Equal(t, client.InvalidMetadata, a.body["error"], name)
		}
		require.Zero(t, app.fetches("/good.json"))
	})
}

func TestOIDCCRequestURIUnsigned(t *testing.T) {
	module(t, func(t *testing.T, w *world, app *suiteApp) {
		w.requestByReference(app, client.AlgNone, "")
	})
}

func TestOIDCCRequestURISignedRS256(t *testing.T) {
	module(t, func(t *testing.T, w *world, app *suiteApp) {
		w.requestByReference(app, "RS256", "#hash")
	})
}

// requestByReference registers a client whose request object is at the app, and asks with it.
func (w *world) requestByReference(app *suiteApp, alg, fragment string) {
	w.t.Helper()
	uri := app.URL + "/request" + fragment
	w.adopt(w.registers("request_object_signing_alg", alg, "request_uris", []string{uri},
		"jwks", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{publicKey(clientKeys()["RS256"], "1")}}))
	app.serve("/request", object(w.t, alg, "", map[string]any{
		"iss": w.web.ID, "aud": issuer, "client_id": w.web.ID, "response_type": "code", "redirect_uri": callback, "state": "inside",
		"nonce": "n2", "scope": "openid", "exp": time.Now().Add(time.Minute).Unix(),
	}))
	a := w.authorize(url.Values{"client_id": {w.web.ID}, "response_type": {"code"}, "scope": {"openid"}, "request_uri": {uri}})
	require.Equal(w.t, http.StatusSeeOther, a.Code, a.Body.String())
	require.NotEmpty(w.t, a.query.Get("code"), a.location)
	require.Equal(w.t, "inside", a.query.Get("state"))
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
		a := w.json(http.MethodPost, registerPath, "", registration(t, "initiate_login_uri", "http://app.example.test/initiate"))
		require.Equal(t, http.StatusBadRequest, a.Code)
		require.Equal(t, client.InvalidMetadata, a.body["error"])
	})
}
