package provider

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
)

func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = address }
}

// Whoever sends wrong secrets gets 429 after a while and fills no log. Right secrets pass all the time, from there too, and others who are
// wrong for the first time are told so.
func TestWrongSecretsHoldNobodyElse(t *testing.T) {
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
		require.InDelta(t, refusalBurst, statuses[http.StatusUnauthorized], 10, "a few more while time goes by")
		require.Equal(t, 1000, statuses[http.StatusUnauthorized]+statuses[http.StatusTooManyRequests])
		require.InDelta(t, refusalBurst, w.events(audit.ClientRefused), 2)

		require.Equal(t, http.StatusUnauthorized, w.post("/oauth2/revoke", form, wrong, from("203.0.113.77:1")).Code, "a neighbour")
		recorded := w.events(audit.ClientRefused)
		wrong = authorization(basicText(other.ID + ":wrong"))
		require.Equal(t, http.StatusUnauthorized, w.post("/oauth2/revoke", form, wrong, from("203.0.113.1:1")).Code, "another app behind the same address")
		require.Equal(t, recorded+1, w.events(audit.ClientRefused), "and is recorded")
	})
}

// Wrong assertions do not keep a right one from being looked at.
func TestWrongAssertionsHoldNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		keys := clientKeys()
		c := w.withKeys(nil, publicKey(keys["ES256"], "k1"))
		send := func(alg string) int {
			return w.post("/oauth2/revoke", params(endpoints["/oauth2/revoke"], "client_assertion_type", assertionType,
				"client_assertion", signAssertion(t, alg, keys[alg], "k1", claimsOf(c.ID, time.Now()))), anonymous).Code
		}
		for range 2 * refusalBurst {
			send("EdDSA")
		}
		require.Equal(t, http.StatusTooManyRequests, send("EdDSA"))
		require.Equal(t, http.StatusOK, send("ES256"))
	})
}

func TestLimits(t *testing.T) {
	l := newLimits(3, time.Second)
	take := func(key string, now time.Time) (int, time.Duration) { return l.take(key, now) }
	for range 3 {
		missed, wait := take("a", noon)
		require.Zero(t, missed)
		require.Zero(t, wait)
	}
	for range 2 {
		_, wait := take("a", noon)
		require.Equal(t, time.Second, wait)
	}
	_, wait := take("b", noon)
	require.Zero(t, wait, "another key")
	_, wait = take("a", noon.Add(600*time.Millisecond))
	require.Equal(t, 400*time.Millisecond, wait.Round(time.Millisecond))
	missed, wait := take("a", noon.Add(time.Second))
	require.Zero(t, wait)
	require.Equal(t, 3, missed)
	missed, _ = take("a", noon.Add(2*time.Second))
	require.Zero(t, missed, "told once")

	for i := range mostLimits {
		take("key "+strconv.Itoa(i), noon)
	}
	require.LessOrEqual(t, len(l.byKey), mostLimits)
	take("new", noon.Add(3*time.Second))
	require.LessOrEqual(t, len(l.byKey), mostLimits)
}
