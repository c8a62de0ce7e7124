package provider

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// RFC 9449 section 4.3, number 1; and the Host of a request does not matter.
func TestDPoPHeader(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web)
		form := params(nil, "grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
		one := proofOfKey(t, "ES256", "/oauth2/token")
		requireError(t, w.post("/oauth2/token", form, w.basic, func(r *http.Request) { r.Header["Dpop"] = []string{one, one} }), http.StatusBadRequest, invalidDPoPProof)
		requireError(t, w.post("/oauth2/token", form, w.basic, func(r *http.Request) { r.Header["Dpop"] = []string{""} }), http.StatusBadRequest, invalidDPoPProof)
		elsewhere := proofOfKey(t, "ES256", "/oauth2/token", "htu", "https://evil.example.test/oauth2/token")
		at := func(r *http.Request) { r.Host = "evil.example.test" }
		requireError(t, w.post("/oauth2/token", form, w.basic, at, showing(elsewhere)), http.StatusBadRequest, invalidDPoPProof)
		requireBound(t, w.post("/oauth2/token", form, w.basic, at, showing(one)))
	})
}

// RFC 9449 section 11.1: of 50 uses of one proof at once, one is accepted, at every endpoint.
func TestRaceForADPoPProof(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		judge := newWorld(t, db.Open(t))
		service, secret := judge.register(client.Service, func(*client.Metadata) {})
		w := [2]*world{joinWorld(t, db.Open(t)), joinWorld(t, db.Open(t, storagetest.Delay(3*time.Millisecond)))}
		for _, other := range w {
			other.web, other.secret = judge.web, judge.secret
		}
		bound := requireBound(t, judge.exchange(judge.web, judge.code(judge.web), proofOfKey(t, "ES256", "/oauth2/token")))
		nonce := token.NewProofs(issuer, judge.store).Nonce(time.Now())
		for name, use := range map[string]func(proof string) func(*world, int) answer{
			"token": func(string) func(*world, int) answer {
				proof := proofOfKey(t, "ES256", "/oauth2/token")
				return func(w *world, _ int) answer {
					return w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, authorization(basicText(service.ID+":"+secret)), showing(proof))
				}
			},
			"par": func(string) func(*world, int) answer {
				proof := proofOfKey(t, "ES256", "/oauth2/par", "nonce", nonce)
				return func(w *world, _ int) answer {
					return w.post("/oauth2/par", w.request(judge.web), w.basic, showing(proof))
				}
			},
			"userinfo": func(jti string) func(*world, int) answer {
				return func(w *world, _ int) answer { return w.getUserInfo("DPoP", bound, "ES256", "jti", jti) }
			},
		} {
			for range 5 {
				won := 0
				for _, a := range all(w, use(storage.NewID())) {
					if a.Code == http.StatusOK || a.Code == http.StatusCreated {
						won++
						continue
					}
					require.Equal(t, invalidDPoPProof, a.body["error"], a.Body.String())
				}
				require.Equal(t, 1, won, name)
			}
		}
	})
}

// A proof costs one statement. It is remembered for as long as it would be accepted, even by a replica whose clock is a minute behind.
func TestDPoPStatements(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var counter storagetest.Counter
		var faults storagetest.Faults
		w := newWorld(t, db.Open(t, counter.Intercept, faults.Intercept))
		code := w.code(w.web, "scope", "openid offline_access")
		statements := func(budget int, a func() answer) answer {
			counter.Reset()
			got := a()
			require.Equal(t, budget, counter.Count(), counter.Texts())
			return got
		}
		statements(0, func() answer { return w.exchange(w.web, code, "x") })
		tokens := statements(3, func() answer { return w.exchange(w.web, code, proofOfKey(t, "ES256", "/oauth2/token")) })
		bound := requireBound(t, tokens)
		statements(2, func() answer { return w.getUserInfo("DPoP", bound, "ES256") })
		statements(3, func() answer {
			return w.renew(w.web, tokens.body["refresh_token"], proofOfKey(t, "ES256", "/oauth2/token"))
		})
		for _, executed := range []bool{false, true} {
			faults.Fail(2, executed, io.ErrUnexpectedEOF)
			requireOutage(t, w.getUserInfo("DPoP", bound, "ES256"))
		}
		require.Equal(t, http.StatusOK, w.getUserInfo("DPoP", bound, "ES256", "jti", "last").Code)
		_, err := w.store.Sweep(t.Context(), time.Now().Add(time.Minute), 10)
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, w.getUserInfo("DPoP", bound, "ES256", "jti", "last").Code)
	})
}
