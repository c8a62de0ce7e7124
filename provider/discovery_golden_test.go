package provider

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/storage/storagetest"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

// The golden files have the metadata of each configuration. Client registration and unsigned ID tokens, which are off here, can be configured; everything else is always there, for clients
// that are registered for it.
func TestDiscoveryMatchesGolden(t *testing.T) {
	for who, golden := range map[registration.Policy]string{
		registration.Closed: "discovery-closed.json", registration.WithToken: "discovery-registration.json", registration.Open: "discovery-registration.json",
	} {
		t.Run(string(who), func(t *testing.T) {
			w := newWorld(t, storagetest.Open(t), func(cfg *Config) { cfg.Registration, cfg.UnsignedIDTokens = who, false })
			var text bytes.Buffer
			require.NoError(t, json.Indent(&text, w.get("/.well-known/openid-configuration").Body.Bytes(), "", "  "))
			text.WriteByte('\n')
			path := filepath.Join("testdata", "golden", golden)
			if *update {
				require.NoError(t, os.WriteFile(path, text.Bytes(), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), text.String(), "run: go test ./provider -run TestDiscoveryMatchesGolden -update")
			w.requireAnnounced(who != registration.Closed)
		})
	}
}

// requireAnnounced checks that each announced URL is served, and that the registration endpoint exists only if it is announced.
func (w *world) requireAnnounced(registration bool) {
	w.t.Helper()
	about := w.get("/.well-known/openid-configuration").body
	for name, value := range about {
		if strings.HasSuffix(name, "_endpoint") || strings.HasSuffix(name, "_iframe") || name == "jwks_uri" {
			path, ours := strings.CutPrefix(value.(string), issuer)
			require.True(w.t, ours, name)
			require.NotEqual(w.t, http.StatusNotFound, w.do(httptest.NewRequest(http.MethodPost, path, nil)).Code, name)
		}
	}
	require.Equal(w.t, registration, about["registration_endpoint"] != nil)
	for method, path := range map[string]string{http.MethodPost: oauth.RegisterPath, http.MethodGet: oauth.RegisterPath + "/app"} {
		require.Equal(w.t, registration, w.do(httptest.NewRequest(method, path, nil)).Code != http.StatusNotFound, path)
	}
}

// Each algorithm and method that discovery announces works for a client that is registered for it.
func TestAnnouncedAlgorithmsWork(t *testing.T) {
	each(t, announcedAlgorithmsWork)
}

func announcedAlgorithmsWork(t *testing.T, w *world) {
	about := w.get("/.well-known/openid-configuration").body
	list := func(name string) (texts []string) {
		for _, value := range about[name].([]any) {
			texts = append(texts, value.(string))
		}
		return texts
	}
	keys := map[string]json.RawMessage{}
	for alg, key := range jwttest.Keys() {
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwttest.Public(key, "1")}})
		require.NoError(t, err)
		keys[alg] = set
	}
	adopt := func(edit func(*client.Metadata)) {
		w.web, w.secret = w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent = []string{callback}, client.ConsentSkip
			edit(m)
		})
	}
	for _, alg := range list("id_token_signing_alg_values_supported") {
		adopt(func(m *client.Metadata) { m.IDTokenAlg = alg })
		require.Equal(t, alg, headerOf(t, w.redeem(w.code(w.web)).body["id_token"])["alg"])
	}
	for _, alg := range list("userinfo_signing_alg_values_supported") {
		adopt(func(m *client.Metadata) { m.UserInfoAlg = alg })
		require.Equal(t, alg, headerOf(t, w.userinfo(requireTokens(t, w.redeem(w.code(w.web)))).Body.String())["alg"])
	}
	for _, alg := range list("request_object_signing_alg_values_supported") {
		adopt(func(m *client.Metadata) { m.RequestObjectAlg, m.JWKS = alg, keys[alg] })
		require.Equal(t, "inside", w.authorize(w.request(w.web, "request", object(t, alg, "", map[string]any{"state": "inside"}))).query.Get("state"))
	}
	for _, alg := range list("dpop_signing_alg_values_supported") {
		requireBound(t, w.exchange(w.web, w.code(w.web), proofOfKey(t, alg, "/oauth2/token")))
	}
	for endpoint, name := range map[string]string{"/oauth2/token": "token", "/oauth2/revoke": "revocation", "/oauth2/introspect": "introspection"} {
		for _, alg := range list(name + "_endpoint_auth_signing_alg_values_supported") {
			c := w.withKeys(nil, jwttest.Public(jwttest.Keys()[alg], ""))
			assertion := jwttest.Sign(t, alg, jwttest.Keys()[alg], "", claimsOf(c.ID, time.Now()))
			require.True(t, passes(t, w.assert(endpoint, assertion)), "%s at %s", alg, endpoint)
		}
	}
}

// headerOf returns the header of a JWS.
func headerOf(t testing.TB, token any) map[string]any {
	t.Helper()
	header, _ := jwttest.TakeApart(t, token.(string))
	return header
}
