package main

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// formPage is a page of another site whose form asks for a sign-in.
func formPage(t *testing.T, action string, asking url.Values) string {
	t.Helper()
	var fields strings.Builder
	for name := range asking {
		fmt.Fprintf(&fields, "<input type=hidden name=%q value=%q>", name, html.EscapeString(asking.Get(name)))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "<!doctype html><title>App</title><form method=post action=%q>%s<button>Go</button></form>", action, fields.String())
	}))
	t.Cleanup(server.Close)
	return server.URL // at 127.0.0.1, which is another site than localhost
}

// An authorization request by POST works like one by GET (OIDC Core section 3.1.2.1), even from an app of another site: the person stays
// signed in, and pages in other tabs continue.
func TestAuthorizationByAFormOfAnotherSite(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		a := newTestApp(t, db, "http://"+freeAddress(t))
		callback := callbackServer(t)
		id, _ := addClient(t, a, client.Web, callback, func(m *client.Metadata) { m.Consent = client.ConsentSkip })
		listenAndRun(t, a)
		asking := authorizeParams(id)
		asking.Set("redirect_uri", callback)
		_, err := a.accounts.Port.Import(t.Context(), strings.NewReader(strings.ReplaceAll(adaLine, "\n", " ")), port.ImportOptions{}, audit.Operator(), time.Now())
		require.NoError(t, err)
		form := formPage(t, a.cfg.Issuer+"/oauth2/auth", asking)

		v := browsertest.NewVisitor(t, nil)
		v.Open(a.cfg.Issuer + "/oauth2/auth?" + asking.Encode())
		firstTab := v.URL()
		require.Contains(t, firstTab, "/login?flow=")
		v.Open(form)
		v.Submit("Go")
		require.Contains(t, v.URL(), "/login?flow=")
		require.NotEqual(t, firstTab, v.URL())

		v.Open(firstTab)
		require.Equal(t, http.StatusOK, v.Status(), "the other tab has not ended the request")
		signInAsAda(t, v, time.Now())
		require.Contains(t, v.URL(), "/callback?code=")

		v.Open(form)
		v.Submit("Go")
		require.Contains(t, v.URL(), "/callback?code=", "nobody was asked again")
	})
}
