package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// caller is the client IP of a request, directly or behind proxies.
type caller struct{ address, forwarded string }

// authenticateAs asks about a token with a client's secret, and returns the status.
func authenticateAs(a *app, from caller, id, secret string) int {
	r := httptest.NewRequest(http.MethodPost, a.cfg.Issuer+"/oauth2/revoke", strings.NewReader("token=pst_rt_x"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	r.RemoteAddr = from.address
	if from.forwarded != "" {
		r.Header.Set("X-Forwarded-For", from.forwarded)
	}
	recorder := httptest.NewRecorder()
	a.public.ServeHTTP(recorder, r)
	return recorder.Code
}

// A thousand wrong secrets lock out neither the app whose secret is guessed nor apps in the same network or behind the same proxy.
func TestWrongSecretsKeepNobodyOut(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		cfg := settings(t, db, "http://localhost:4280")
		cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
		a := newTestAppOf(t, cfg)
		id, secret := addClient(t, a, client.Web, "https://app.example.test/cb", nil)
		other, otherSecret := addClient(t, a, client.Web, "https://other.example.test/cb", nil)
		for name, wrong := range map[string]caller{
			"an address": {"203.0.113.5:999", ""}, "a proxy's client": {"10.0.0.1:999", "203.0.113.9"}, "the proxy itself": {"10.0.0.1:999", ""},
		} {
			network := []caller{wrong, {"203.0.113.77:999", ""}, {"10.0.0.1:999", "203.0.113.77"}, {"10.0.0.1:999", "198.51.100.1"}}
			statuses := map[int]int{}
			for i := range 1000 {
				statuses[authenticateAs(a, wrong, id, "wrong")]++
				if i%20 > 0 {
					continue
				}
				for _, from := range network {
					require.Equal(t, http.StatusOK, authenticateAs(a, from, id, secret), "%s: %v", name, from)
					require.Equal(t, http.StatusOK, authenticateAs(a, from, other, otherSecret), "%s: %v", name, from)
				}
			}
			require.Greater(t, statuses[http.StatusTooManyRequests], 900, name)
		}
	})
}
