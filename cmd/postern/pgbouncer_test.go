package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// TestSignInsThroughPgBouncer has eight people sign in 200 times at once, and their app redeem and refresh, in each mode in which
// PgBouncer keeps transactions together.
func TestSignInsThroughPgBouncer(t *testing.T) {
	for _, mode := range []storagetest.PoolMode{storagetest.SessionPooling, storagetest.TransactionPooling} {
		t.Run(string(mode), func(t *testing.T) {
			db := storagetest.PgBouncer(t, mode)
			a, raw := newTestApp(t, db, dayIssuer), db.SQL(t)
			id, secret := addClient(t, a, client.Web, dayCallback, func(m *client.Metadata) {
				m.Consent, m.IDTokenAlg = client.ConsentSkip, "ES256"
			})
			var people sync.WaitGroup
			for i := range 8 {
				email := fmt.Sprintf("p%d@example.test", i)
				uri := "otpauth://totp/Postern:p?secret=" + strings.Repeat(string(rune('A'+i)), 32) + "&issuer=Postern"
				line := fmt.Sprintf(`{"email":%q,"email_verified":true,"password":%q,"totp":[%q]}`, email, adaPassword, uri)
				report, err := a.accounts.Port.Import(t.Context(), strings.NewReader(line), port.ImportOptions{}, audit.Operator(), time.Now())
				require.NoError(t, err, "%+v", report.Faults)
				people.Go(func() {
					for range 25 {
						// The current code is used again, instead of waiting for the next one.
						_, err := raw.Exec(`UPDATE authenticators SET last_step = 0 WHERE user_id = (SELECT id FROM users WHERE email = $1)`, email)
						require.NoError(t, err)
						signInAndRefresh(t, a, id, secret, email, uri)
					}
				})
			}
			people.Wait()
			require.True(t, ready(readiness(t.Context(), a.store)))
		})
	}
}

// signInAndRefresh signs a person in, in a new browser, and has the app redeem the code, refresh the tokens and ask who it is.
func signInAndRefresh(t testing.TB, a *app, id, secret, email, uri string) {
	t.Helper()
	v := browsertest.NewVisitor(t, browsertest.InProcess{"localhost:4280": a.public, "localhost:4281": http.NotFoundHandler()})
	form := authorizeParams(id)
	form.Set("scope", "openid offline_access")
	form.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") // RFC 7636 appendix B
	v.Open(dayIssuer + "/oauth2/auth?" + form.Encode())
	v.Fill("username", email)
	v.Fill("password", adaPassword)
	v.Submit("Continue")
	v.Fill("code", browsertest.Code(t, uri, time.Now()))
	v.Submit("Continue")
	arrived, err := url.Parse(v.URL())
	require.NoError(t, err)
	tokens := tokenRequest(t, a, id, secret, url.Values{
		"grant_type": {"authorization_code"}, "code": {arrived.Query().Get("code")}, "redirect_uri": {dayCallback},
		"code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
	})
	tokens = tokenRequest(t, a, id, secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"]}})
	require.Equal(t, http.StatusOK, userinfoStatus(a, tokens["access_token"]))
}
