package provider

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage/storagetest"
)

// The number of statements that each request may cost, counted at the driver, with warm caches.
func TestStatementBudgets(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var counter storagetest.Counter
		w := newWorld(t, db.Open(t, counter.Intercept))
		service, secret := w.register(client.Service, func(*client.Metadata) {})
		asService := authorization(basicText(service.ID + ":" + secret))
		told := w.addLogoutReceiver()
		asking, _ := w.asking(client.Web, callback)
		_, flow := w.begin(w.request(asking))
		w.agree(flow, asking, "openid", "profile", "email")
		require.NotEmpty(t, w.resume(flow).query.Get("code"))
		serviceToken := requireTokens(t, w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, asService))
		api := w.web.ID
		w.change(asking, func(m *client.Metadata) { m.Audience = []string{api} })

		var code, agreed string
		tokens := map[string]any{}
		var jwtTokens map[string]any
		w.change(w.web, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenJWT })
		jwtTokens = w.offline()
		w.change(w.web, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenSealed })
		prepare := func() {
			code, tokens = w.code(w.web, "scope", "openid offline_access"), w.offline()
			_, agreed = w.begin(w.request(asking, "prompt", "consent"))
			w.agree(agreed, asking, "openid", "profile", "email")
			require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", url.Values{"token": {"x"}}, asService).Code)
			require.Equal(t, http.StatusNoContent, w.preflight("/userinfo").Code)
			require.NotEmpty(t, w.code(told.Client))
		}
		access := func() string { return tokens["access_token"].(string) }
		for _, tc := range []struct {
			name          string
			budget, begun int // statements, and transactions around them
			request       func() answer
			status        int
		}{
			{"discovery", 0, 0, func() answer { return w.get("/.well-known/openid-configuration") }, http.StatusOK},
			{"key set", 0, 0, func() answer { return w.get("/.well-known/jwks.json") }, http.StatusOK},
			{"preflight", 0, 0, func() answer { return w.preflight("/oauth2/token") }, http.StatusNoContent},
			{"client credentials", 0, 0, func() answer {
				return w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, asService)
			}, http.StatusOK},
			{"authorize, remembered consent", 2, 0, func() answer { return w.authorize(w.request(asking)) }, http.StatusSeeOther},
			{"authorize, consent not asked", 2, 0, func() answer { return w.authorize(w.request(w.web)) }, http.StatusSeeOther},
			{"authorize, client that is told of logouts", 4, 1, func() answer { return w.authorize(w.request(told.Client)) }, http.StatusSeeOther},
			{"authorize, prompt=none refused", 1, 0, func() answer { return w.authorize(w.request(w.web, "prompt", "none", "max_age", "0")) }, http.StatusSeeOther},
			{"authorize, refused by its parameters", 0, 0, func() answer { return w.authorize(w.request(w.web, "scope", "unknown")) }, http.StatusSeeOther},
			{"authorize, to a page", 2, 0, func() answer { return w.authorize(w.request(w.web, "prompt", "login")) }, http.StatusSeeOther},
			{"authorize, back from a page", 4, 1, func() answer { return w.resume(agreed) }, http.StatusSeeOther},
			{"code", 2, 0, func() answer { return w.redeem(code) }, http.StatusOK},
			{"an invented code", 1, 0, func() answer { return w.redeem(token.NewCode()) }, http.StatusBadRequest},
			{"refresh", 2, 0, func() answer { return w.refresh(tokens["refresh_token"].(string)) }, http.StatusOK},
			{"an invented refresh token", 0, 0, func() answer { return w.refresh(refreshPrefix + "x.1.y") }, http.StatusBadRequest},
			{"userinfo", 1, 0, func() answer { return w.userinfo(access()) }, http.StatusOK},
			{"userinfo of a JWT", 1, 0, func() answer { return w.userinfo(jwtTokens["access_token"].(string)) }, http.StatusOK},
			{"userinfo of an invented token", 0, 0, func() answer { return w.userinfo(accessPrefix + "x") }, http.StatusUnauthorized},
			{"introspection", 1, 0, func() answer { return w.post("/oauth2/introspect", url.Values{"token": {access()}}) }, http.StatusOK},
			{"introspection of a refresh token", 1, 0, func() answer {
				return w.post("/oauth2/introspect", url.Values{"token": {tokens["refresh_token"].(string)}})
			}, http.StatusOK},
			{"introspection of a service's token", 1, 0, func() answer {
				return w.post("/oauth2/introspect", url.Values{"token": {serviceToken}}, asService)
			}, http.StatusOK},
			{"introspection of nothing", 0, 0, func() answer { return w.post("/oauth2/introspect", url.Values{"token": {"x"}}) }, http.StatusOK},
			{"revocation of an access token", 1, 0, func() answer { return w.revoke(tokens["access_token"]) }, http.StatusOK},
			{"revocation of a family", 2, 0, func() answer { return w.revoke(tokens["refresh_token"]) }, http.StatusOK},
			{"a refused client", 1, 0, func() answer {
				return w.post("/oauth2/token", endpoints["/oauth2/token"], authorization(basicText(w.web.ID+":x")))
			}, http.StatusUnauthorized},
			{"an unknown client", 1, 0, func() answer {
				return w.post("/oauth2/token", endpoints["/oauth2/token"], authorization(basicText("unknown:x")))
			}, http.StatusUnauthorized},
		} {
			prepare()
			if tc.name == "an unknown client" {
				tc.request() // unknown ids are cached as well
			}
			counter.Reset()
			a := tc.request()
			require.Equal(t, tc.status, a.Code, "%s: %s", tc.name, a.Body.String())
			require.Equal(t, tc.budget, counter.Count(), "%s: %v", tc.name, counter.Texts())
			begun, ended := counter.Transactions()
			require.Equal(t, tc.begun, begun, tc.name)
			require.Equal(t, begun, ended, tc.name)
		}
	})
}

func (w *world) preflight(path string) answer {
	r, err := http.NewRequest(http.MethodOptions, path, nil)
	require.NoError(w.t, err)
	r.Header.Set("Origin", "https://spa.example.test")
	return w.do(r)
}
