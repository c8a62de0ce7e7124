package fetch_test

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/fetch"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// server returns an https server on loopback, and a client that may reach it and trusts it.
func server(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *fetch.Client) {
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, fetch.New(fetch.Config{Roots: roots, Allow: loopback})
}

func TestGet(t *testing.T) {
	s, c := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/gone":
			http.NotFound(w, r)
		case "/long":
			_, _ = w.Write([]byte(strings.Repeat("x", 1001)))
		default:
			_, _ = w.Write([]byte(r.Header.Get("Accept") + strings.Repeat("x", 900)))
		}
	})
	body, err := c.Get(t.Context(), s.URL, "application/json", 1000)
	require.NoError(t, err)
	require.Equal(t, "application/json"+strings.Repeat("x", 900), string(body))
	for _, path := range []string{"/moved", "/gone", "/long"} {
		_, err := c.Get(t.Context(), s.URL+path, "", 1000)
		require.ErrorIs(t, err, fetch.ErrAnswer, path)
	}
	_, err = fetch.New(fetch.Config{Allow: loopback}).Get(t.Context(), s.URL, "", 1000)
	var untrusted x509.UnknownAuthorityError
	require.ErrorAs(t, err, &untrusted)
	require.NotContains(t, err.Error(), s.URL)
}

func TestPostForm(t *testing.T) {
	s, c := server(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
		if r.PostFormValue("logout_token") != "a b" {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	status, err := c.PostForm(t.Context(), s.URL, url.Values{"logout_token": {"a b"}})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	status, err = c.PostForm(t.Context(), s.URL, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, status)
}

// Plain http works for addresses that the operator has allowed.
func TestPlainHTTP(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }))
	defer s.Close()
	body, err := fetch.New(fetch.Config{Allow: loopback}).Get(t.Context(), s.URL, "", 10)
	require.NoError(t, err)
	require.Equal(t, "ok", string(body))
	_, err = fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}).Get(t.Context(), s.URL, "", 10)
	require.ErrorIs(t, err, fetch.ErrAddress)
}
