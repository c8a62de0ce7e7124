package provider

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// requireOutage checks what a client is told during an outage of the database: to try again, and nothing else.
func requireOutage(t testing.TB, a answer) {
	t.Helper()
	requireError(t, a, http.StatusServiceUnavailable, temporarilyUnavailable)
	require.NotEmpty(t, a.Header().Get("Retry-After"))
}

// requireOutagePage checks what a person is shown during an outage.
func requireOutagePage(t testing.TB, a answer) {
	t.Helper()
	requirePage(t, a, http.StatusServiceUnavailable, "Not available right now")
	require.NotEmpty(t, a.Header().Get("Retry-After"))
}

// requireInvalidGrant checks that an answer is the error invalid_grant.
func requireInvalidGrant(t testing.TB, a answer) {
	requireError(t, a, http.StatusBadRequest, invalidGrant)
}

// faultCase is a request whose statements fail in turn.
type faultCase struct {
	prepare func(*world)
	request func(*world) answer
	good    func(testing.TB, answer) // checks the answer if no statement fails
	outage  func(testing.TB, answer)
	after   func(testing.TB, *world, answer) // checks the world after a failure, with the answer to a second attempt
	begin   int                              // number of the statement that begins a transaction: no driver keeps a connection that fails in it
}

func (w *world) failEach(t *testing.T, faults *storagetest.Faults, tc faultCase) {
	for _, executed := range []bool{false, true} {
		for n := 1; ; n++ {
			require.Less(t, n, 20)
			if executed && n == tc.begin {
				continue
			}
			tc.prepare(w)
			faults.Fail(n, executed, io.ErrUnexpectedEOF)
			a := tc.request(w)
			if faults.Pending() {
				faults.Fail(0, false, nil)
				tc.good(t, a)
				require.Greater(t, n, 1, "the request makes no statement")
				break
			}
			tc.outage(t, a)
			if tc.after != nil {
				tc.after(t, w, tc.request(w))
			}
		}
	}
}

func TestEveryStatementFails(t *testing.T) {
	var code, flow, other string
	var tokens map[string]any
	var asking *client.Client
	ok := func(t testing.TB, a answer) { require.Equal(t, http.StatusOK, a.Code, a.Body.String()) }
	redirected := func(t testing.TB, a answer) { require.NotEmpty(t, a.query.Get("code"), a.Body.String()) }
	active := func(t testing.TB, a answer) { require.Equal(t, true, a.body["active"]) }
	newTokens := func(w *world) { tokens = w.offline() }
	rotated := func(w *world) {
		newTokens(w)
		other = w.refreshedOnce(w.refreshedOnce(tokens["refresh_token"].(string)))
	}
	dead := func(t testing.TB, w *world) {
		requireError(t, w.refresh(other), http.StatusBadRequest, invalidGrant)
	}
	for name, tc := range map[string]faultCase{
		"authorize": {
			prepare: func(*world) {}, request: func(w *world) answer { return w.authorize(w.request(w.web)) },
			good: redirected, outage: requireOutagePage, after: func(t testing.TB, _ *world, a answer) { redirected(t, a) },
		},
		"authorize, to a page": {
			prepare: func(*world) {}, request: func(w *world) answer { return w.authorize(w.request(w.web, "prompt", "login")) },
			good: func(t testing.TB, a answer) { require.NotEmpty(t, a.query.Get("flow")) }, outage: requireOutagePage,
		},
		"authorize, prompt=none": {
			prepare: func(*world) {}, request: func(w *world) answer { return w.authorize(w.request(w.web, "prompt", "none")) },
			good: redirected, outage: requireOutagePage,
		},
		"authorize, back from a page": {
			prepare: func(w *world) {
				_, flow = w.begin(w.request(asking, "prompt", "consent"))
				w.agree(flow, asking, "openid", "profile", "email")
			},
			request: func(w *world) answer { return w.resume(flow) }, good: redirected, outage: requireOutagePage, begin: 3,
			after: func(t testing.TB, _ *world, a answer) {
				if a.Code != http.StatusSeeOther {
					requireOver(t, a) // the commit succeeded, but its answer was lost
				} else {
					redirected(t, a)
				}
			},
		},
		"authorize, denied": {
			prepare: func(w *world) {
				_, flow = w.begin(w.request(asking, "prompt", "consent"))
				require.NoError(w.t, w.store.Flows.Deny(w.t.Context(), flow, time.Now()))
			},
			request: func(w *world) answer { return w.resume(flow) }, outage: requireOutagePage,
			good: func(t testing.TB, a answer) { requireRefusal(t, a, callback, accessDenied) },
		},
		"code": {
			prepare: func(w *world) { code = w.code(w.web, "scope", "openid offline_access") },
			request: func(w *world) answer { return w.redeem(code) }, good: ok, outage: requireOutage,
			after: func(t testing.TB, w *world, a answer) {
				if a.Code != http.StatusOK {
					requireInvalidGrant(t, a)
					return
				}
				require.Equal(t, http.StatusOK, w.userinfo(requireTokens(t, a)).Code)
				requireTokens(t, w.refresh(refreshTokenOf(a)))
			},
		},
		"code, used before": {
			prepare: func(w *world) {
				code = w.code(w.web, "scope", "openid offline_access")
				a := w.redeem(code)
				requireTokens(w.t, a)
				other = refreshTokenOf(a)
			},
			request: func(w *world) answer { return w.redeem(code) }, good: requireInvalidGrant, outage: requireOutage,
			after: func(t testing.TB, w *world, a answer) {
				requireInvalidGrant(t, a)
				dead(t, w)
			},
		},
		"code, wrong verifier": {
			prepare: func(w *world) { code = w.code(w.web) },
			request: func(w *world) answer { return w.redeem(code, "code_verifier", s256(verifier)) }, good: requireInvalidGrant, outage: requireOutage,
			after: func(t testing.TB, w *world, a answer) { requireInvalidGrant(t, a) },
		},
		"code, wrong verifier for the last time": {
			prepare: func(w *world) {
				code = w.code(w.web)
				for range maxVerifierFailures - 1 {
					requireInvalidGrant(w.t, w.redeem(code, "code_verifier", s256(verifier)))
				}
			},
			request: func(w *world) answer { return w.redeem(code, "code_verifier", s256(verifier)) }, good: requireInvalidGrant, outage: requireOutage,
			after: func(t testing.TB, w *world, a answer) {
				requireInvalidGrant(t, a)
				requireInvalidGrant(t, w.redeem(code))
			},
		},
		"refresh": {
			prepare: newTokens, request: func(w *world) answer { return w.refresh(tokens["refresh_token"].(string)) }, good: ok, outage: requireOutage,
			after: func(t testing.TB, w *world, a answer) {
				requireTokens(t, a) // the request may be repeated after a lost answer
				id, generation, _ := w.tokens.ReadRefreshToken(refreshTokenOf(a))
				grant, err := w.store.Grants.ByID(w.t.Context(), id, "")
				require.NoError(t, err)
				require.Equal(t, int64(2), grant.Generation)
				require.Equal(t, grant.Generation, generation, "one valid refresh token")
			},
		},
		"refresh, used before": {
			prepare: rotated, request: func(w *world) answer { return w.refresh(tokens["refresh_token"].(string)) }, good: requireInvalidGrant, outage: requireOutage,
			after: func(t testing.TB, w *world, a answer) {
				requireInvalidGrant(t, a)
				dead(t, w)
			},
		},
		"refresh, a lost answer": {
			prepare: func(w *world) {
				newTokens(w)
				other = w.refreshedOnce(tokens["refresh_token"].(string))
			},
			request: func(w *world) answer { return w.refresh(tokens["refresh_token"].(string)) }, good: ok, outage: requireOutage,
			after: func(t testing.TB, _ *world, a answer) { require.Equal(t, other, refreshTokenOf(a)) },
		},
		"userinfo": {
			prepare: newTokens, request: func(w *world) answer { return w.userinfo(tokens["access_token"].(string)) }, good: ok, outage: requireOutage,
			after: func(t testing.TB, _ *world, a answer) { ok(t, a) },
		},
		"introspection": {
			prepare: newTokens, good: active, outage: requireOutage,
			request: func(w *world) answer {
				return w.post("/oauth2/introspect", url.Values{"token": {tokens["access_token"].(string)}})
			},
			after: func(t testing.TB, _ *world, a answer) { active(t, a) },
		},
		"introspection of a refresh token": {
			prepare: newTokens, good: active, outage: requireOutage,
			request: func(w *world) answer {
				return w.post("/oauth2/introspect", url.Values{"token": {tokens["refresh_token"].(string)}})
			},
			after: func(t testing.TB, _ *world, a answer) { active(t, a) },
		},
		"revocation of an access token": {
			prepare: newTokens, request: func(w *world) answer { return w.revoke(tokens["access_token"]) }, good: ok, outage: requireOutage,
			after: func(t testing.TB, w *world, a answer) {
				ok(t, a)
				requireError(t, w.userinfo(tokens["access_token"].(string)), http.StatusUnauthorized, invalidToken)
			},
		},
		"revocation of a family": {
			prepare: newTokens, request: func(w *world) answer { return w.revoke(tokens["refresh_token"]) }, good: ok, outage: requireOutage,
			after: func(t testing.TB, w *world, a answer) {
				ok(t, a)
				w.requireDead(t, tokens)
			},
		},
		"a wrong secret": {
			prepare: func(*world) {}, outage: requireOutage,
			request: func(w *world) answer {
				return w.post("/oauth2/token", endpoints["/oauth2/token"], authorization(basicText(w.web.ID+":x")))
			},
			good: func(t testing.TB, a answer) { requireError(t, a, http.StatusUnauthorized, invalidClient) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
				var faults storagetest.Faults
				w := newWorld(t, db.Open(t, faults.Intercept))
				asking, _ = w.asking(client.Web, callback)
				tc.prepare(w)
				tc.request(w) // fills the caches
				w.failEach(t, &faults, tc)
			})
		})
	}
}
