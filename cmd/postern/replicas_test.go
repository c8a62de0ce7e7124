package main

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// inTurn is a load balancer without sticky sessions: each request goes to another replica than the previous one.
type inTurn struct {
	replicas []http.Handler
	next     atomic.Int64
}

func (b *inTurn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.replicas[int(b.next.Add(1))%len(b.replicas)].ServeHTTP(w, r)
}

// TestTwoReplicas signs in with every request answered by another replica than the previous one, and checks that what ends on one replica
// has ended on the other.
func TestTwoReplicas(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		a := newTestApp(t, db, "http://localhost:4280")
		b := newTestApp(t, db, "http://localhost:4280")
		addAda(t, a)
		id, secret := addClient(t, a, client.Web, "http://localhost:4281/callback", nil)
		balancer := &inTurn{replicas: []http.Handler{a.public, b.public}}
		v := browsertest.NewVisitor(t, browsertest.InProcess{"localhost:4280": balancer, "localhost:4281": http.NotFoundHandler()})
		form := authorizeParams(id)
		form.Set("scope", "openid offline_access")
		form.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") // RFC 7636 appendix B
		v.Open("http://localhost:4280/oauth2/auth?" + form.Encode())
		signInAsAda(t, v, time.Now())
		v.Submit("Allow")
		arrived, err := url.Parse(v.URL())
		require.NoError(t, err)
		first := tokenRequest(t, b, id, secret, url.Values{
			"grant_type": {"authorization_code"}, "code": {arrived.Query().Get("code")}, "redirect_uri": {"http://localhost:4281/callback"},
			"code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
		})
		second := tokenRequest(t, a, id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first["refresh_token"]}})
		require.Equal(t, http.StatusOK, userinfoStatus(b, second["access_token"]))
		_, err = a.accounts.Operate.Disable(t.Context(), "ada", audit.Operator(), time.Now())
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, userinfoStatus(b, second["access_token"]), "at once, on the other replica")
	})
}

func userinfoStatus(a *app, token string) int {
	r, err := http.NewRequest(http.MethodGet, a.cfg.Issuer+"/userinfo", nil)
	if err != nil {
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := browsertest.InProcess{"localhost:4280": a.public}.RoundTrip(r)
	if err != nil {
		return 0
	}
	return answer.StatusCode
}
