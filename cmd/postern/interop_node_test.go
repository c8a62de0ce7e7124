package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// relyingApps is the folder of apps that are built with libraries from npm.
var relyingApps = filepath.Join("testdata", "relyingapps")

// TestOpenIDClientInNode has openid-client do everything that it can do with Postern.
func TestOpenIDClientInNode(t *testing.T) {
	browsertest.InstallPackages(t, relyingApps)
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		a := newTestApp(t, db, "http://"+freeAddress(t))
		listenAndRun(t, a)
		addAda(t, a)
		n := startNode(t, a, callbackServer(t))
		subject := n.codeFlow()
		n.pushedFlow(subject)
		n.deviceFlow(subject)
		n.signOut()
	})
}

func TestServerAppIsDocumented(t *testing.T) { documentApp(t, "server-app.mjs") }

// documentApp puts an app into the document for those who write one.
func documentApp(t *testing.T, name string) {
	source, err := os.ReadFile(filepath.Join(relyingApps, name))
	require.NoError(t, err)
	browsertest.Record(t, "docs/relying-apps.md", name, fmt.Sprintf("```js\n%s```\n", source), *update)
}

// facts are what a line of the app says.
type facts map[string]any

// nodeApp is the app in node and the person at whose browser it asks.
type nodeApp struct {
	*browsertest.Visitor
	t       *testing.T
	a       *app
	stdin   io.Writer
	lines   *bufio.Scanner
	stderr  *strings.Builder
	ended   func() error
	issuer  string
	arrives string // redirect URI
}

// startNode registers the app's three clients and starts it.
func startNode(t *testing.T, a *app, callback string) *nodeApp {
	n := &nodeApp{Visitor: browsertest.NewVisitor(t, nil), t: t, a: a, stderr: &strings.Builder{}, issuer: a.cfg.Issuer, arrives: callback}
	id, secret := addClient(t, a, client.Web, callback, func(m *client.Metadata) { m.PostLogoutRedirectURIs = []string{callback} })
	private, public := newJWK(t)
	proven, _ := addClient(t, a, client.Web, callback, func(m *client.Metadata) {
		m.Name, m.AuthMethod, m.JWKS = "Proven App", client.AuthPrivateKey, json.RawMessage(`{"keys":[`+public+`]}`)
		m.PARRequired, m.DPoPRequired, m.IDTokenAlg = true, true, "ES256"
	})
	device, _ := addClient(t, a, client.Native, "", func(m *client.Metadata) {
		m.Name, m.GrantTypes, m.ResponseTypes, m.RedirectURIs = "Living Room TV", []string{client.GrantDevice}, nil, nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	node := exec.CommandContext(ctx, "node", filepath.Join(relyingApps, "openid-client.mjs"))
	node.Env = append(node.Environ(), "ISSUER="+n.issuer, "REDIRECT_URI="+callback, "CLIENT_ID="+id, "CLIENT_SECRET="+secret,
		"PROVEN_ID="+proven, "PROVEN_KEY="+private, "DEVICE_ID="+device)
	node.Stderr = n.stderr
	stdin, err := node.StdinPipe()
	require.NoError(t, err)
	stdout, err := node.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		if n.ended != nil {
			cancel()
			_ = n.ended()
		}
	})
	n.stdin, n.lines, n.ended = stdin, bufio.NewScanner(stdout), node.Wait
	return n
}

// newJWK makes a key for client assertions.
func newJWK(t *testing.T) (private, public string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	jwk := jose.JSONWebKey{Key: key, KeyID: "1", Algorithm: "ES256", Use: "sig"}
	both := make([]string, 2)
	for i, k := range []jose.JSONWebKey{jwk, jwk.Public()} {
		text, err := k.MarshalJSON()
		require.NoError(t, err)
		both[i] = string(text)
	}
	return both[0], both[1]
}

// heard returns what the next line says, which must be of this step.
func (n *nodeApp) heard(step string) facts {
	n.t.Helper()
	if !n.lines.Scan() {
		err := n.ended()
		n.ended = nil
		require.FailNow(n.t, "the app ended before "+step, "%v\n%s", err, n.stderr)
	}
	said := facts{}
	require.NoError(n.t, json.Unmarshal(n.lines.Bytes(), &said), n.lines.Text())
	require.Equal(n.t, step, said["step"], n.lines.Text())
	delete(said, "step")
	return said
}

// open follows the address of the step that the app asks for.
func (n *nodeApp) open(step string) {
	n.t.Helper()
	address, _ := n.heard(step)["address"].(string)
	n.Open(address)
}

// back tells the app where the browser has arrived.
func (n *nodeApp) back() {
	n.t.Helper()
	require.True(n.t, strings.HasPrefix(n.URL(), n.arrives+"?"), "%s: %s", n.URL(), n.Text())
	n.answer(n.URL())
}

func (n *nodeApp) answer(line string) {
	_, err := fmt.Fprintln(n.stdin, line)
	require.NoError(n.t, err)
}

// codeFlow is a sign-in with both factors, and what a server does with its tokens.
func (n *nodeApp) codeFlow() (subject string) {
	require.Equal(n.t, facts{"issuer": n.issuer}, n.heard("discovery"))
	n.open("sign in")
	signInAsAda(n.t, n.Visitor, time.Now())
	n.Submit("Allow")
	n.back()
	code := n.heard("code")
	claims, _ := code["claims"].(map[string]any)
	subject, _ = claims["sub"].(string)
	require.NotEmpty(n.t, subject)
	require.Equal(n.t, "bearer", code["type"])
	require.Equal(n.t, "urn:postern:acr:mfa", claims["acr"])
	n.requireAda(code, subject)
	require.Equal(n.t, facts{"rotated": true, "renewed": true, "subject": subject}, n.heard("refresh"))
	introspected := n.heard("introspection")
	require.Equal(n.t, true, introspected["active"])
	require.Equal(n.t, subject, introspected["sub"])
	require.Equal(n.t, facts{"active": false}, n.heard("revocation"))
	require.Equal(n.t, facts{"error": "invalid_grant"}, n.heard("refresh after revocation"))
	return subject
}

func (n *nodeApp) requireAda(said facts, subject string) {
	n.t.Helper()
	person, _ := said["person"].(map[string]any)
	require.Equal(n.t, subject, person["sub"])
	require.Equal(n.t, "ada@example.test", person["email"])
}

// pushedFlow is a pushed request of a client with a key, and tokens that are bound to one. The server asks for its nonce once.
func (n *nodeApp) pushedFlow(subject string) {
	n.open("refused")
	n.back()
	refused, _ := n.heard("request in the address")["answer"].(map[string]any)
	require.Equal(n.t, "invalid_request", refused["error"])
	pushed := n.heard("pushed")
	require.ElementsMatch(n.t, []any{"client_id", "request_uri"}, pushed["parameters"])
	require.Equal(n.t, []any{"/oauth2/par use_dpop_nonce"}, pushed["refusals"])
	n.open("consent")
	n.Submit("Allow")
	n.back()
	bound := n.heard("bound")
	require.Equal(n.t, []any{"dpop", "dpop", "DPoP"}, bound["types"], "the library writes the types of answers small")
	require.Len(n.t, bound["thumbprint"], 43)
	require.Empty(n.t, bound["refusals"], "the answer to a proof brings the nonce of the next one")
	n.requireAda(bound, subject)
	require.Equal(n.t, facts{"status": "invalid_token"}, n.heard("without the key"))
}

// deviceFlow is a device that polls too often until the person has allowed it.
func (n *nodeApp) deviceFlow(subject string) {
	n.open("device")
	n.Submit("Continue")
	require.Contains(n.t, n.Text(), "Living Room TV")
	n.Submit("Allow")
	require.Equal(n.t, n.issuer+"/device?done=allowed", n.URL())
	n.answer("done")
	polled := n.heard("polled")
	require.Equal(n.t, []any{"authorization_pending", "slow_down", "tokens"}, polled["heard"])
	require.EqualValues(n.t, 5+5+10, polled["waited"], "seconds that the library would have waited for")
	n.requireAda(n.heard("device's person"), subject)
}

// signOut ends the sign-in by an ID token of it.
func (n *nodeApp) signOut() {
	n.open("sign out")
	n.back()
	arrived, err := url.Parse(n.URL())
	require.NoError(n.t, err)
	require.Equal(n.t, url.Values{"state": {"after"}}, arrived.Query())
	require.Equal(n.t, facts{"arrived": n.URL()}, n.heard("end"))
	require.False(n.t, n.lines.Scan(), n.lines.Text())
	require.NoError(n.t, n.ended(), n.stderr)
	n.ended = nil
	require.Empty(n.t, n.stderr.String())
	n.Open(n.issuer + "/account")
	require.Equal(n.t, n.issuer+"/login", n.URL(), "signed out")
}
