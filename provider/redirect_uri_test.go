package provider

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// at registers a client of a type with redirect URIs, for which people are not asked for consent.
func (w *world) at(kind client.Type, uris ...string) *client.Client {
	w.t.Helper()
	c, _ := w.register(kind, func(m *client.Metadata) { m.RedirectURIs, m.Consent = uris, client.ConsentSkip })
	return c
}

// A request with an unregistered redirect URI is answered by a page. A redirect would give errors, and later codes, to the author of the link.
func TestRedirectURI(t *testing.T) {
	for _, tc := range []struct {
		name       string
		kind       client.Type
		registered string
		accepted   []string
		refused    []string
	}{
		{"a web app", client.Web, "https://app.example.test/cb", []string{"https://app.example.test/cb"}, []string{
			"", "/cb", "https://app.example.test", "https://app.example.test/cb/", "https://app.example.test/cb/x", "https://app.example.test/c",
			"https://app.example.test/CB", "HTTPS://app.example.test/cb", "https://APP.example.test/cb", "http://app.example.test/cb",
			"https://app.example.test:443/cb", "https://app.example.test:8443/cb", "https://app.example.test./cb",
			"https://app.example.test/cb?", "https://app.example.test/cb?a=1", "https://app.example.test/cb#x", "https://app.example.test/cb;x",
			"https://app.example.test@evil.example.test/cb", "https://app.example.test:x@evil.example.test",
			"https://evil.example.test#@app.example.test/cb", "https://evil.example.test/https://app.example.test/cb",
			"https://app.example.test.evil.example.test/cb", "https://appxexample.test/cb", "//app.example.test/cb",
			"https://app.example.test/cb/../x", "https://app.example.test/x/../cb", "https://app.example.test/./cb",
			"https://app.example.test/%63b", "https://app.example.test/cb%2f", "https://app.example.test/%2e%2e/cb",
			"https://app.example.test/cb%252f", `https://app.example.test\cb`, "https://app.example.test/cb\t", " https://app.example.test/cb",
			"https://app.example.test/cb\r\nLocation: https://evil.example.test", "javascript:alert(1)", "data:text/html,x",
			"https://аpp.example.test/cb", "https://app.example.test/cb\u200b", strings.Repeat("https://app.example.test/cb", 200),
		}},
		{"with a query", client.Web, "https://app.example.test/cb?a=1&b=2", []string{"https://app.example.test/cb?a=1&b=2"}, []string{
			"https://app.example.test/cb", "https://app.example.test/cb?a=1", "https://app.example.test/cb?b=2&a=1",
			"https://app.example.test/cb?a=1&b=2&c=3", "https://app.example.test/cb?a=1&b=2&a=1", "https://app.example.test/cb?a=1;b=2",
		}},
		{"a web app on loopback", client.Web, "http://127.0.0.1:3000/cb", []string{"http://127.0.0.1:3000/cb"}, []string{
			"http://127.0.0.1:3001/cb", "http://127.0.0.1/cb", "http://localhost:3000/cb",
		}},
		{"a native app on loopback", client.Native, "http://127.0.0.1/cb", []string{"http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"}, []string{
			"https://127.0.0.1:49152/cb", "http://127.0.0.1:49152/x", "http://127.0.0.1:49152/cb?x=1", "http://127.0.0.1:49152/%2fcb",
			"http://u@127.0.0.1:49152/cb", "http://localhost:49152/cb", "http://[::1]:49152/cb", "http://127.0.0.2:49152/cb",
			"http://127.0.0.1:0/cb", "http://127.0.0.1:65536/cb", "http://127.0.0.1:049152/cb", "http://127.0.0.1:/cb",
			"http://127.0.0.1:1@evil.example.test/cb", "http://127.0.0.1.evil.example.test/cb",
		}},
		{"a native app on loopback, IPv6", client.Native, "http://[::1]:1234/cb", []string{"http://[::1]:49152/cb", "http://[::1]/cb"}, []string{
			"http://[::1%25lo]:1/cb", "http://[0:0:0:0:0:0:0:1]:1/cb", "http://127.0.0.1:1234/cb",
		}},
		{"a native app with a scheme", client.Native, "com.example.app:/cb", []string{"com.example.app:/cb"}, []string{
			"com.example.app://cb", "com.example.app:/cb/x", "com.example.app:cb", "com.example.appx:/cb", "COM.example.app:/cb",
			"com.example.app://evil/cb", "comXexample.app:/cb",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				c := w.at(tc.kind, tc.registered)
				for _, uri := range tc.accepted {
					a := w.authorize(w.request(c, "redirect_uri", uri, "prompt", "none"))
					require.True(t, strings.HasPrefix(a.location.String(), uri), uri)
				}
				for _, uri := range tc.refused {
					for _, second := range [][]string{{}, {"scope", "unknown"}, {"prompt", "none"}, {"code_challenge", ""}, {"response_type", "token"}, {"request", "x"}} {
						a := w.authorize(w.request(c, append(second, "redirect_uri", uri)...))
						said := "Wrong return address"
						if uri == "" {
							said = "redirect_uri is missing"
						}
						requirePage(t, a, http.StatusBadRequest, said)
						require.NotContains(t, a.Body.String(), `href="`+uri+`"`)
					}
				}
			})
		})
	}
}

func TestRedirectURIOfSeveral(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.at(client.Web, "https://app.example.test/one", "https://app.example.test/two")
		requirePage(t, w.authorize(w.request(c, "redirect_uri", "")), http.StatusBadRequest, "redirect_uri is missing")
		require.NotEmpty(t, w.code(c, "redirect_uri", "https://app.example.test/two"))
		requirePage(t, w.authorize(w.request(w.at(client.Web, callback), "redirect_uri", "")), http.StatusBadRequest, "redirect_uri is missing")
		requirePage(t, w.authorize(w.request(c, "client_id", "")), http.StatusBadRequest, "client_id is missing")
	})
}

// A redirect URI that cannot be registered is not used, even if somebody has written it into the database.
func TestRedirectURIForcedIntoTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, uri := range []string{
			"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://x/y", "about:blank",
			"http://app.example.test/cb", "https://*.example.test/cb", "https://app.example.test/cb#x", "https://u:p@app.example.test/cb", "/cb",
		} {
			m := client.Defaults(client.Web)
			text := storage.JSON(`{"client_name":"x","client_type":"web","redirect_uris":["` + uri + `"],"grant_types":["authorization_code"],` +
				`"response_types":["code"],"scope":"openid","token_endpoint_auth_method":"client_secret_basic","consent":"skip"}`)
			row := storage.Client{
				ID: "forced-" + string(rune('a'+i)), Name: m.Name, Metadata: text, Version: 1,
				CreatedAt: storage.At(time.Now()), UpdatedAt: storage.At(time.Now()),
			}
			require.NoError(t, w.store.Clients.Add(t.Context(), row))
			form := params(w.request(w.web), "client_id", row.ID, "redirect_uri", uri, "scope", "openid")
			requirePage(t, w.authorize(form), http.StatusBadRequest, "Wrong return address")
		}
	})
}

func TestRedirectURIAtTheTokenEndpoint(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web)
		for _, uri := range []string{"", callback + "/", "https://evil.example.test/cb", strings.ToUpper(callback)} {
			requireError(t, w.redeem(code, "redirect_uri", uri), http.StatusBadRequest, invalidGrant)
		}
		requireTokens(t, w.redeem(code))

		code = w.code(w.web)
		w.change(w.web, func(m *client.Metadata) { m.RedirectURIs = []string{"https://app.example.test/new"} })
		requireError(t, w.redeem(code), http.StatusBadRequest, invalidGrant)
		requirePage(t, w.authorize(w.request(w.web)), http.StatusBadRequest, "Wrong return address")
	})
}

// change changes the registration of a client.
func (w *world) change(c *client.Client, edit func(*client.Metadata)) {
	w.t.Helper()
	now, err := w.clients.Client(w.t.Context(), c.ID)
	require.NoError(w.t, err)
	m := now.Metadata
	edit(&m)
	_, _, err = w.clients.Update(w.t.Context(), c.ID, now.Version, m, operator, time.Now())
	require.NoError(w.t, err)
}

// The query of a registered redirect URI stays before the added parameters, with the same escapes.
func TestRedirectURIKeepsItsSpelling(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, uri := range []string{"https://app.example.test/a%2Fb?x=%20y", "https://app.example.test/?", "com.example.app:/cb"} {
			kind, prompt, added := client.Web, "", "code"
			if strings.HasPrefix(uri, "com.") {
				kind, prompt, added = client.Native, "none", "error" // a native app always asks for consent
			}
			a := w.authorize(w.request(w.at(kind, uri), "prompt", prompt))
			rest, found := strings.CutPrefix(a.location.String(), uri)
			require.True(t, found, a.location.String())
			query, err := url.ParseQuery(strings.TrimLeft(rest, "?&"))
			require.NoError(t, err)
			require.Len(t, query[added], 1)
		}
	})
}
