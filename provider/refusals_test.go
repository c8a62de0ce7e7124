package provider

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage/audit"
)

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

// A caller that keeps sending wrong secrets gets status 429 after a while and does not fill the audit log. Right secrets are always accepted, even
// from the same address, and the first wrong secrets of other callers get status 401.
func TestWrongSecretsAffectNobodyElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other, otherSecret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs = []string{callback} })
		form, wrong := endpoints["/oauth2/revoke"], authorization(basicText(w.web.ID+":wrong"))
		statuses := map[int]int{}
		for i := range 1000 {
			a := w.post("/oauth2/revoke", form, wrong, from("203.0.113.1:1"))
			statuses[a.Code]++
			if a.Code == http.StatusTooManyRequests {
				requireError(t, a, a.Code, invalidClient)
				require.Regexp(t, "^[1-5]$", a.Header().Get("Retry-After"))
			}
			if i%10 > 0 {
				continue
			}
			for _, address := range []string{"203.0.113.1:1", "203.0.113.77:1", "198.51.100.1:1"} {
				require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", form, w.basic, from(address)).Code)
				require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", form, authorization(basicText(other.ID+":"+otherSecret)), from(address)).Code)
			}
		}
		require.InDelta(t, refusalBurst, statuses[http.StatusUnauthorized], 10, "a few more are allowed as time passes")
		require.Equal(t, 1000, statuses[http.StatusUnauthorized]+statuses[http.StatusTooManyRequests])
		require.InDelta(t, refusalBurst, w.events(audit.ClientRefused), 2)

		require.Equal(t, http.StatusUnauthorized, w.post("/oauth2/revoke", form, wrong, from("203.0.113.77:1")).Code, "a neighbour")
		recorded := w.events(audit.ClientRefused)
		wrong = authorization(basicText(other.ID + ":wrong"))
		require.Equal(t, http.StatusUnauthorized, w.post("/oauth2/revoke", form, wrong, from("203.0.113.1:1")).Code, "another app behind the same address")
		require.Equal(t, recorded+1, w.events(audit.ClientRefused), "and it is recorded")
	})
}

// Wrong assertions do not keep a right one from being accepted.
func TestWrongAssertionsAffectNobodyElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		keys := jwttest.Keys()
		c := w.withKeys(nil, jwttest.Public(keys["ES256"], "k1"))
		send := func(alg string) int {
			return w.post("/oauth2/revoke", params(endpoints["/oauth2/revoke"], "client_assertion_type", assertionType,
				"client_assertion", jwttest.Sign(t, alg, keys[alg], "k1", claimsOf(c.ID, time.Now()))), anonymous).Code
		}
		for range 2 * refusalBurst {
			send("EdDSA")
		}
		require.Equal(t, http.StatusTooManyRequests, send("EdDSA"))
		require.Equal(t, http.StatusOK, send("ES256"))
	})
}
