package provider

import (
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// Every endpoint answers an outage during the look-up of the client as an outage, and never as an unknown client or token.
func TestOutageBeforeAnythingIsCached(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		here := newWorld(t, db.Open(t))
		api, secret := here.register(client.Service, func(*client.Metadata) {})
		here.change(here.web, func(m *client.Metadata) { m.Audience = []string{api.ID} })
		tokens, code := here.offline(), here.code(here.web)
		asAPI := authorization(basicText(api.ID + ":" + secret))
		serviceToken := requireTokens(t, here.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, asAPI))
		for name, request := range map[string]func(*world) answer{
			"code":       func(w *world) answer { return w.redeem(code) },
			"refresh":    func(w *world) answer { return w.refresh(tokens["refresh_token"].(string)) },
			"revocation": func(w *world) answer { return w.revoke(tokens["access_token"]) },
			"introspection": func(w *world) answer {
				return w.post("/oauth2/introspect", url.Values{"token": {tokens["access_token"].(string)}})
			},
			"introspection by a resource server": func(w *world) answer {
				return w.post("/oauth2/introspect", url.Values{"token": {tokens["access_token"].(string)}}, asAPI)
			},
			"userinfo":              func(w *world) answer { return w.userinfo(tokens["access_token"].(string)) },
			"userinfo of a service": func(w *world) answer { return w.userinfo(serviceToken) },
			"client credentials": func(w *world) answer {
				return w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, asAPI)
			},
			"an unknown client": func(w *world) answer {
				return w.post("/oauth2/token", endpoints["/oauth2/token"], authorization(basicText("unknown:x")))
			},
		} {
			for n := 1; ; n++ {
				var faults storagetest.Faults
				w := joinWorld(t, db.Open(t, faults.Intercept))
				w.web, w.secret, w.user = here.web, here.secret, here.user
				faults.Fail(n, false, io.EOF)
				a := request(w)
				if faults.Pending() {
					require.Greater(t, n, 1, name)
					require.Less(t, a.Code, http.StatusInternalServerError, name)
					break
				}
				requireOutage(t, a)
			}
		}
		var faults storagetest.Faults
		w := joinWorld(t, db.Open(t, faults.Intercept))
		w.browser.session = here.browser.session
		faults.Fail(1, false, io.EOF)
		requireOutagePage(t, w.authorize(w.request(here.web)))
		faults.Fail(1, false, io.EOF)
		requireOutagePage(t, w.resume(storage.NewID()))
	})
}

// Browser apps get the answer about an outage, even if their origin cannot be checked.
func TestOutageWhileOriginsAreRead(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var faults storagetest.Faults
		w := newWorld(t, db.Open(t, faults.Intercept))
		w.at(client.SPA, "https://spa.example.test/cb")
		for range 2 {
			faults.Fail(1, false, io.EOF)
			a := w.preflight("/userinfo")
			require.Equal(t, http.StatusNoContent, a.Code)
			require.Empty(t, a.Header().Get("Access-Control-Allow-Origin"))
			a = w.preflight("/userinfo")
			require.Equal(t, "https://spa.example.test", a.Header().Get("Access-Control-Allow-Origin"))
			w.at(client.SPA, "https://other.example.test/cb")
		}
	})
}
