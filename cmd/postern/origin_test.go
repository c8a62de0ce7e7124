package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/storagetest"
)

// Another site can make a browser send requests only to the protocol endpoints. Only they answer a preflight request.
func TestCrossSiteRequests(t *testing.T) {
	for _, issuer := range []string{"https://id.example.test", "https://id.example.test/sso"} {
		cfg := settings(t, storagetest.SQLite(t), issuer)
		cfg.ClientRegistration = "open"
		a := newTestAppOf(t, cfg)
		base := cfg.IssuerURL().Path
		var taken, preflights []string
		for _, route := range a.public.(*gin.Engine).Routes() {
			if slices.Contains([]string{http.MethodGet, http.MethodHead}, route.Method) {
				continue
			}
			name := route.Method + " " + strings.TrimPrefix(route.Path, base)
			if route.Method == http.MethodOptions {
				preflights = append(preflights, name)
				continue
			}
			refused := crossSiteRefusals(a, route.Method, route.Path)
			require.Contains(t, []int{0, 3}, refused, "%s depends on which header the browser sends", name)
			if refused == 0 {
				taken = append(taken, name)
			}
		}
		require.ElementsMatch(t, []string{
			"POST /oauth2/auth", "POST /oauth2/par", "POST /oauth2/token", "POST /oauth2/revoke", "POST /oauth2/introspect", "POST /userinfo",
			"POST /oauth2/device_authorization", "POST /oauth2/logout",
			"POST /oauth2/register", "PUT /oauth2/register/:id", "DELETE /oauth2/register/:id",
		}, taken)
		require.ElementsMatch(t, []string{
			"OPTIONS /oauth2/par", "OPTIONS /oauth2/token", "OPTIONS /oauth2/revoke", "OPTIONS /oauth2/introspect", "OPTIONS /userinfo",
			"OPTIONS /oauth2/device_authorization", "OPTIONS /oauth2/register", "OPTIONS /oauth2/register/:id",
		}, preflights)
	}
}

// crossSiteRefusals returns how often an endpoint refuses a request of another site, with each header by which browsers tell and with both.
func crossSiteRefusals(a *app, method, path string) (n int) {
	for _, headers := range []http.Header{
		{"Origin": {"https://evil.example"}}, {"Sec-Fetch-Site": {"cross-site"}},
		{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
	} {
		r := httptest.NewRequest(method, "https://id.example.test"+path, nil)
		r.Header = headers
		answer := httptest.NewRecorder()
		a.public.ServeHTTP(answer, r)
		if answer.Code == http.StatusForbidden && strings.Contains(answer.Body.String(), "Another site tried to send this form") {
			n++
		}
	}
	return n
}
