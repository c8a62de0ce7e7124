package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/storage/storagetest"
)

// reader follows the document in an empty folder.
type reader struct {
	t      *testing.T
	folder string
	env    []string
	suite  net.Listener
	told   chan string // requests to the suite's logout URLs

	discovery string // address of the discovery document
	http      *http.Client
	*browsertest.Visitor
}

func newReader(t *testing.T, db *storagetest.Database) *reader {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	r := &reader{
		t: t, folder: t.TempDir(), told: make(chan string, 1),
		discovery: "https://localhost:" + port + "/.well-known/openid-configuration",
	}
	r.suite, err = net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	t.Cleanup(func() { r.suite.Close() })
	r.env = append(os.Environ(), "NAME=localhost", "PORT="+port, "SUITE="+r.atSuite(""), "GORACE=atexit_sleep_ms=0")
	if strings.HasPrefix(db.URL, "postgres:") {
		r.env = append(r.env, "POSTERN_DATABASE_URL="+db.URL, "POSTERN_SECRETS_KEYSET_FILE=keyset.json")
		r.run("postern secrets new keyset.json\npostern migrate up")
	}
	return r
}

// atSuite returns a URL of the suite.
func (r *reader) atSuite(path string) string {
	_, port, err := net.SplitHostPort(r.suite.Addr().String())
	require.NoError(r.t, err)
	return "https://localhost:" + port + path
}

// command returns a shell in a terminal prepared as the document says.
func (r *reader) command(text string) *exec.Cmd {
	cmd := exec.Command("sh", "-euc", "[ ! -e suite.env ] || . ./suite.env\n"+text)
	cmd.Dir, cmd.Env = r.folder, r.env
	return cmd
}

// run runs commands of the document and returns what they print.
func (r *reader) run(text string) string {
	r.t.Helper()
	var stdout, stderr strings.Builder
	cmd := r.command(text)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(r.t, cmd.Run(), "%s\n%s%s", text, stdout.String(), stderr.String())
	return stdout.String()
}

// serve runs Postern, and a server in place of the suite, until the end of the test.
func (r *reader) serve(text string) {
	r.t.Helper()
	certificate, key := filepath.Join(r.folder, "cert.pem"), filepath.Join(r.folder, "key.pem")
	suite := &http.Server{Handler: http.HandlerFunc(r.answerAsSuite), ReadHeaderTimeout: time.Minute}
	go func() { _ = suite.ServeTLS(r.suite, certificate, key) }()
	r.t.Cleanup(func() { assert.NoError(r.t, suite.Close()) })

	cmd := r.command("exec " + text)
	cmd.Stdout, cmd.Stderr = r.t.Output(), r.t.Output()
	require.NoError(r.t, cmd.Start())
	r.t.Cleanup(func() {
		assert.NoError(r.t, cmd.Process.Signal(syscall.SIGINT))
		assert.NoError(r.t, cmd.Wait())
	})

	chain, err := os.ReadFile(certificate)
	require.NoError(r.t, err)
	roots := x509.NewCertPool()
	require.True(r.t, roots.AppendCertsFromPEM(chain))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	r.http, r.Visitor = &http.Client{Transport: transport}, browsertest.NewVisitor(r.t, transport)
	require.Eventually(r.t, func() bool {
		answer, err := r.http.Get(r.discovery)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, 20*time.Second, 50*time.Millisecond)
}

// answerAsSuite serves the documents whose URLs the suite's clients register.
func (r *reader) answerAsSuite(w http.ResponseWriter, request *http.Request) {
	switch request.URL.Path {
	case "/request":
		_, _ = io.WriteString(w, unsignedObject(`{"state":"by reference"}`))
	case r.path("backchannel_logout"):
		select {
		case r.told <- request.FormValue("logout_token"):
		default: // it is known already
		}
	}
}

// unsignedObject is a request object of a client that is registered for unsigned ones.
func unsignedObject(claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(claims)) + "."
}

// suiteConfig has the parts of the suite's configuration that this test reads.
type suiteConfig struct {
	Alias  string
	Server struct {
		DiscoveryURL string `json:"discoveryUrl"`
	}
	Client, Client2  suiteClient
	ClientSecretPost suiteClient `json:"client_secret_post"`
}

type suiteClient struct {
	ID           string `json:"client_id"`
	Secret       string `json:"client_secret"`
	InitialToken string `json:"initial_access_token"`
}

func (r *reader) config(file string) suiteConfig {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.folder, file))
	require.NoError(r.t, err)
	var config suiteConfig
	require.NoError(r.t, json.Unmarshal(text, &config))
	return config
}

// path returns a path at which the suite receives requests to a client.
func (r *reader) path(name string) string {
	return "/test/a/" + r.config("static.json").Alias + "/" + name
}

func (r *reader) callback() string { return r.atSuite(r.path("callback")) }

// json sends a request and returns its JSON answer.
func (r *reader) json(request *http.Request, err error) map[string]any {
	r.t.Helper()
	require.NoError(r.t, err)
	answer, err := r.http.Do(request)
	require.NoError(r.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(r.t, err)
	require.Less(r.t, answer.StatusCode, 300, "%s", text)
	var said map[string]any
	require.NoError(r.t, json.Unmarshal(text, &said), "%s", text)
	return said
}

func (r *reader) get(address string) map[string]any {
	r.t.Helper()
	return r.json(http.NewRequestWithContext(r.t.Context(), http.MethodGet, address, nil))
}

// endpoint returns a URL from the discovery document.
func (r *reader) endpoint(name string) string {
	r.t.Helper()
	return r.get(r.config("static.json").Server.DiscoveryURL)[name].(string)
}

// request returns the parameters of an authorization request of a client.
func (r *reader) request(id, responseType string, pairs ...string) url.Values {
	r.t.Helper()
	form := url.Values{
		"client_id": {id}, "redirect_uri": {r.callback()}, "response_type": {responseType}, "state": {"a state"}, "nonce": {"a nonce"},
		"scope": {"openid profile email address phone offline_access"},
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// asks sends the browser with an authorization request, consents if asked to, and returns the response to the suite.
func (r *reader) asks(id, responseType string, pairs ...string) url.Values {
	r.t.Helper()
	r.Open(r.endpoint("authorization_endpoint") + "?" + r.request(id, responseType, pairs...).Encode())
	return r.arrives(responseType)
}

// arrives reads the response from the URL at which the browser reached the suite.
func (r *reader) arrives(responseType string) url.Values {
	r.t.Helper()
	if strings.Contains(r.URL(), "/consent?") {
		r.Submit("Allow")
	}
	require.True(r.t, strings.HasPrefix(r.URL(), r.callback()), "%s: %s", r.URL(), r.Body())
	at, err := url.Parse(r.URL())
	require.NoError(r.t, err)
	said := at.Query()
	if responseType != "code" {
		said, err = url.ParseQuery(at.Fragment)
		require.NoError(r.t, err)
	}
	require.Empty(r.t, said.Get("error"), r.URL())
	parameters := map[string]string{"code": "code", "token": "access_token", "id_token": "id_token"}
	for _, kind := range strings.Fields(responseType) {
		require.NotEmpty(r.t, said.Get(parameters[kind]), r.URL())
	}
	return said
}
