package fetch_test

import (
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/fetch"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// server is an https server on loopback and a client that may reach and trusts it.
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

// A canary on every loopback address stays silent, whatever the address is spelled like.
func TestSpecialAddressesAreNotReached(t *testing.T) {
	var sung atomic.Int32
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer canary.Close()
	go func() {
		for {
			conn, err := canary.Accept()
			if err != nil {
				return
			}
			sung.Add(1)
			conn.Close()
		}
	}()
	_, port, err := net.SplitHostPort(canary.Addr().String())
	require.NoError(t, err)
	c := fetch.New(fetch.Config{})
	for _, host := range []string{
		"127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
		"169.254.169.254", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.100.100.200", "[fd00:ec2::254]", "[fe80::1]", "224.0.0.1", "255.255.255.255",
	} {
		for _, scheme := range []string{"https://", "http://"} {
			_, err := c.Get(t.Context(), scheme+host+":"+port+"/", "", 10)
			require.Error(t, err, scheme+host)
		}
	}
	for _, uri := range []string{"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "", "https://", "//127.0.0.1", "https://a@127.0.0.1:" + port} {
		_, err := c.Get(t.Context(), uri, "", 10)
		require.ErrorIs(t, err, fetch.ErrAddress, uri)
	}
	require.Zero(t, sung.Load())
}

// Plain http is for addresses that the operator allowed.
func TestPlainHTTP(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }))
	defer s.Close()
	body, err := fetch.New(fetch.Config{Allow: loopback}).Get(t.Context(), s.URL, "", 10)
	require.NoError(t, err)
	require.Equal(t, "ok", string(body))
	_, err = fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}).Get(t.Context(), s.URL, "", 10)
	require.ErrorIs(t, err, fetch.ErrAddress)
}
