package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// RFC 9110 section 9.1: HEAD is taken wherever GET is.
func TestHeadIsTakenWithGet(t *testing.T) {
	a := newTestApp(t, storagetest.SQLite(t), "http://localhost:4280")
	heads, gets := map[string]bool{}, 0
	for _, route := range a.public.(*gin.Engine).Routes() {
		heads[route.Path] = heads[route.Path] || route.Method == http.MethodHead
	}
	for _, route := range a.public.(*gin.Engine).Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		gets++
		require.True(t, heads[route.Path], route.Path)
		path := strings.ReplaceAll(route.Path, ":file", "postern.css")
		require.Equal(t, send(a, http.MethodGet, path, "", "").Code, send(a, http.MethodHead, path, "", "").Code, path)
	}
	require.Greater(t, gets, 30)
	require.Equal(t, http.StatusMethodNotAllowed, send(a, http.MethodHead, "/oauth2/token", "", "").Code)

	address := freeAddress(t)
	a = newTestApp(t, storagetest.SQLite(t), "http://"+address)
	listenAndRun(t, a)
	for _, path := range []string{"/livez", "/readyz", "/login"} {
		answer, err := http.Head("http://" + address + path)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		require.Empty(t, body, path)
		require.Positive(t, answer.ContentLength, path)
	}
}

// A request with a body that is too slow is answered with 408, by pages and endpoints.
func TestSlowBodies(t *testing.T) {
	a := newTestApp(t, storagetest.SQLite(t), "http://localhost:4280")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := a.newServer(a.public)
	server.ReadTimeout = 300 * time.Millisecond
	go func() { _ = server.Serve(strictListener{l}) }()
	defer server.Close()
	for path, contentType := range map[string]string{
		"/login": formType, "/oauth2/token": formType, "/oauth2/auth": formType, "/oauth2/par": formType, "/oauth2/logout": formType, "/device": formType,
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		_, err = io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: localhost:4280\r\nContent-Type: "+contentType+"\r\nContent-Length: 100\r\n\r\nusername=ada")
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		answer, err := io.ReadAll(conn)
		require.NoError(t, err, "the server closes the connection")
		require.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 408 "), "%s: %.200q", path, answer)
		require.NoError(t, conn.Close())
	}
}

// Of TLS 1.2 only suites are taken that encrypt and authenticate in one (RFC 9325 section 4.2).
func TestTLSSuites(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writeCertificate(t, cert, key)
	address := freeAddress(t)
	cfg := settings(t, storagetest.SQLite(t), "https://"+strings.Replace(address, "127.0.0.1", "localhost", 1))
	cfg.TLS.CertFile, cfg.TLS.KeyFile = cert, key
	listenAndRun(t, newTestAppOf(t, cfg))
	dial := func(version, suite uint16) error {
		conn, err := tls.Dial("tcp", address, &tls.Config{
			InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, CipherSuites: []uint16{suite}, //nolint:gosec // only the suites are checked
		})
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	taken := 0
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		err := dial(tls.VersionTLS12, suite.ID)
		aead := strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "CHACHA20")
		if !aead || strings.HasPrefix(suite.Name, "TLS_RSA_") {
			require.Error(t, err, suite.Name)
		} else if err == nil {
			taken++
		}
	}
	require.GreaterOrEqual(t, taken, 3)
	require.NoError(t, dial(tls.VersionTLS13, 0))
	require.Error(t, dial(tls.VersionTLS11, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA))
}

// After SIGTERM the server says that it is not ready, serves on until load balancers have noticed, and then closes.
func TestDraining(t *testing.T) {
	address, opsAddress := freeAddress(t), freeAddress(t)
	cfg := settings(t, storagetest.SQLite(t), "http://"+address)
	cfg.Listen, cfg.OpsListen, cfg.Shutdown.Drain = address, opsAddress, 2*time.Second
	a := newTestAppOf(t, cfg)
	ctx, terminate := context.WithCancel(context.Background())
	listeners, err := a.listen(ctx)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- a.run(ctx, listeners) }()
	get := func(address string) (status int, closes bool) {
		answer, err := http.Get("http://" + address)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode, answer.Close
	}
	status, closes := get(address + "/readyz")
	require.Equal(t, http.StatusOK, status)
	require.False(t, closes)
	terminate()
	require.Eventually(t, func() bool { status, _ := get(address + "/readyz"); return status == http.StatusServiceUnavailable }, time.Second, time.Millisecond)
	status, _ = get(opsAddress + "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, closes = get(address + "/login")
	require.Equal(t, http.StatusOK, status, "a request before the load balancer has noticed is served")
	require.True(t, closes, "and its connection is closed")
	select {
	case <-done:
		t.Fatal("it ended before the time was over")
	default:
	}
	require.NoError(t, <-done)
	_, err = net.Dial("tcp", address)
	require.Error(t, err)
}

// Host and origin of the issuer may be written with the default port, and no other scheme or port is the same.
func TestHostAndOrigin(t *testing.T) {
	ask := func(a *app, host string, header ...string) int {
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("username=ada&password=x"))
		r.Host = host
		r.Header.Set("Content-Type", formType)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		recorder := httptest.NewRecorder()
		a.public.ServeHTTP(recorder, r)
		return recorder.Code
	}
	const taken, misdirected, refused = http.StatusUnprocessableEntity, http.StatusMisdirectedRequest, http.StatusForbidden
	secure := newTestApp(t, storagetest.SQLite(t), "https://id.example.test")
	plain := newTestApp(t, storagetest.SQLite(t), "http://localhost")
	ported := newTestApp(t, storagetest.SQLite(t), "https://id.example.test:8443")
	for host, want := range map[string]int{
		"id.example.test": taken, "ID.Example.Test": taken, "id.example.test:443": taken, "id.example.test:80": misdirected,
		"id.example.test:8443": misdirected, "example.test": misdirected, "": misdirected,
	} {
		require.Equal(t, want, ask(secure, host), host)
	}
	require.Equal(t, taken, ask(plain, "localhost:80"))
	require.Equal(t, misdirected, ask(plain, "localhost:443"))
	require.Equal(t, taken, ask(ported, "id.example.test:8443"))
	require.Equal(t, misdirected, ask(ported, "id.example.test"))
	for origin, want := range map[string]int{
		"https://id.example.test": taken, "https://id.example.test:443": taken, "http://id.example.test": refused, "http://id.example.test:443": refused,
		"https://id.example.test:8443": refused, "https://evil.example": refused, "null": refused,
	} {
		require.Equal(t, want, ask(secure, "id.example.test", "Origin", origin), origin)
	}
	require.Equal(t, taken, ask(secure, "id.example.test", "Origin", "https://id.example.test", "Sec-Fetch-Site", "same-origin"))
	require.Equal(t, refused, ask(secure, "id.example.test", "Origin", "https://id.example.test", "Sec-Fetch-Site", "cross-site"), "the browser knows better")
	require.Equal(t, refused, ask(secure, "id.example.test", "Origin", "http://id.example.test", "Sec-Fetch-Site", "same-site"))
}

// The button on which a person confirms a logout is of our own page, scheme included.
func TestLogoutIsConfirmedByOurPage(t *testing.T) {
	a := newTestApp(t, storagetest.SQLite(t), "https://id.example.test")
	id, _ := addClient(t, a, client.Web, "https://app.example.test/cb", nil)
	for origin, want := range map[string]int{"http://id.example.test": http.StatusForbidden, "https://id.example.test": http.StatusOK} {
		r := httptest.NewRequest(http.MethodPost, "https://id.example.test/oauth2/logout", strings.NewReader(url.Values{"confirm": {"yes"}, "client_id": {id}}.Encode()))
		r.Header.Set("Content-Type", formType)
		r.Header.Set("Origin", origin)
		recorder := httptest.NewRecorder()
		a.public.ServeHTTP(recorder, r)
		require.Equal(t, want, recorder.Code, origin)
	}
}

// writeCertificate writes a certificate and its key.
func writeCertificate(t *testing.T, cert, key string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	pair := server.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
}
