package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestBrowserAppIsDocumented(t *testing.T) { documentApp(t, "browser/browser-app.js") }

// TestOIDCClientTSInChromium is an app that runs in the browser and signs people in with oidc-client-ts.
func TestOIDCClientTSInChromium(t *testing.T) {
	w := newBrowserWorld(t)
	w.signIn()
	w.renewInFrame()
	w.renewByRefreshToken()
	w.useDistantApp()
	w.useForbiddenApp()
	w.signOut()
}

// browserWorld is a person at a browser with three apps of the same code.
type browserWorld struct {
	*browsertest.Browser
	t      *testing.T
	db     *storagetest.Database
	issuer string

	app       string // registered as an app in the browser, on the same site as the provider
	distant   string // likewise, on another site
	forbidden string // registered as an app on the person's device
	user      appUser
}

// appUser is what the library keeps of the person who is signed in.
type appUser struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	SessionState string `json:"session_state"`
	Scope        string `json:"scope"`
	Profile      struct{ Sub, Name, Email string }
}

func newBrowserWorld(t *testing.T) *browserWorld {
	db := storagetest.SQLite(t)
	a := newTestApp(t, db, "http://"+freeAddress(t))
	w := &browserWorld{t: t, db: db, issuer: a.cfg.Issuer}
	library := filepath.Join(browsertest.InstallPackages(t, relyingApps), "oidc-client-ts", "dist", "browser", "oidc-client-ts.min.js")
	var apps []listener
	serve := func(host string, kind client.Type) (origin string) {
		l, err := net.Listen("tcp", host+":0")
		require.NoError(t, err)
		_, port, err := net.SplitHostPort(l.Addr().String())
		require.NoError(t, err)
		origin = "http://" + net.JoinHostPort(host, port)
		id, _ := addClient(t, a, kind, origin+"/", func(m *client.Metadata) {
			m.RedirectURIs = append(m.RedirectURIs, origin+"/silent.html")
			m.PostLogoutRedirectURIs = []string{origin + "/"}
		})
		apps = append(apps, listener{l, browserApp(w.issuer, id, library)})
		return origin
	}
	w.app, w.distant, w.forbidden = serve("localhost", client.SPA), serve("127.0.0.1", client.SPA), serve("127.0.0.1", client.Native)
	listenAndRun(t, a, apps...)
	addAda(t, a)
	w.Browser = browsertest.Start(t, browsertest.Options{JavaScript: true})
	return w
}

// browserApp serves the app with a policy that lets it reach its provider and nobody else.
func browserApp(issuer, id, library string) http.Handler {
	files := http.FileServer(http.Dir(filepath.Join(relyingApps, "browser")))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'self'; connect-src 'self' %[1]s; frame-src 'self' %[1]s", issuer))
		switch r.URL.Path {
		case "/favicon.ico":
		case "/settings.json":
			_ = json.NewEncoder(rw).Encode(map[string]string{"authority": issuer, "client_id": id})
		case "/oidc-client-ts.min.js":
			http.ServeFile(rw, r, library)
		default:
			files.ServeHTTP(rw, r)
		}
	})
}

// ask calls a method of the library's user manager in the page, once the app is ready. problem is what it fails with.
func (w *browserWorld) ask(call string) (user appUser, problem string) {
	w.t.Helper()
	answer := browsertest.Evaluate[struct {
		User    appUser
		Problem string
	}](w.Browser, `import("/browser-app.js").then(({ manager }) => manager.`+call+`).then(
		(user) => ({ user: JSON.parse(JSON.stringify(user ?? {})) }), (error) => ({ problem: String(error.error ?? error.message) }))`)
	return answer.User, answer.Problem
}

// must is ask for what must not fail.
func (w *browserWorld) must(call string) appUser {
	w.t.Helper()
	user, problem := w.ask(call)
	require.Empty(w.t, problem, call)
	return user
}

// atApp requires that the app at the origin has finished with an answer and says this.
func (w *browserWorld) atApp(origin, text string) {
	w.t.Helper()
	w.must("getUser()") // waits until the app is ready
	require.Equal(w.t, origin+"/", w.URL(), w.Text())
	require.Contains(w.t, w.Text(), text)
}

// proveBoth shows both factors. Nobody waits half a minute for the next code: the server forgets that it has seen one of this time.
func (w *browserWorld) proveBoth() {
	w.t.Helper()
	_, err := w.db.SQL(w.t).ExecContext(w.t.Context(), "UPDATE authenticators SET last_step = last_step - 10")
	require.NoError(w.t, err)
	w.Fill("E-mail or user name", "ada@example.test")
	w.Fill("Password", adaPassword)
	w.Submit("Continue")
	w.Fill("Code", browsertest.Code(w.t, adaURI, time.Now()))
	w.Submit("Continue")
}

func (w *browserWorld) signIn() {
	w.Open(w.app)
	w.atApp(w.app, "Nobody is signed in")
	w.Submit("Sign in")
	w.proveBoth()
	w.Submit("Allow")
	w.atApp(w.app, "Hello Ada Example")
	w.user = w.must("getUser()")
	require.Equal(w.t, "ada@example.test", w.user.Profile.Email, "from userinfo")
	require.NotEmpty(w.t, w.user.RefreshToken)
}

// renewInFrame asks with prompt=none in a hidden frame, which takes the session's cookie.
func (w *browserWorld) renewInFrame() {
	before := w.user
	w.user = w.must("signinSilent({ forceIframeAuth: true })")
	require.Equal(w.t, before.Profile.Sub, w.user.Profile.Sub)
	require.NotEqual(w.t, before.AccessToken, w.user.AccessToken)
	require.NotEqual(w.t, before.IDToken, w.user.IDToken)
}

func (w *browserWorld) renewByRefreshToken() {
	before := w.user
	w.user = w.must("signinSilent()")
	require.NotEqual(w.t, before.AccessToken, w.user.AccessToken)
	require.NotEqual(w.t, before.RefreshToken, w.user.RefreshToken)
	require.Equal(w.t, before.Scope, w.user.Scope)
	require.Equal(w.t, w.user, w.must("getUser()"), "stored")
}

// useDistantApp: browsers send the session's cookie with a frame only to a provider on the same site.
func (w *browserWorld) useDistantApp() {
	w.Open(w.distant)
	w.atApp(w.distant, "Nobody is signed in")
	w.Submit("Sign in")
	w.Submit("Allow")
	w.atApp(w.distant, "Hello Ada Example")
	_, problem := w.ask("signinSilent({ forceIframeAuth: true })")
	require.Equal(w.t, "login_required", problem)
	before := w.must("getUser()")
	require.NotEqual(w.t, before.AccessToken, w.must("signinSilent()").AccessToken)
	require.Empty(w.t, w.must("revokeTokens()").AccessToken)
	_, problem = w.ask("signinSilent()")
	require.Equal(w.t, "login_required", problem, "the refresh token is gone from the app, too")
}

// useForbiddenApp has an app in the browser that is not registered as one: it gets a code, and no answer to it.
func (w *browserWorld) useForbiddenApp() {
	w.Open(w.forbidden)
	w.atApp(w.forbidden, "Nobody is signed in")
	w.Submit("Sign in")
	w.Submit("Allow")
	w.atApp(w.forbidden, "Not signed in: Failed to fetch")
	stolen, err := json.Marshal(w.user.AccessToken)
	require.NoError(w.t, err)
	require.Equal(w.t, "Failed to fetch", browsertest.Evaluate[string](w.Browser, fmt.Sprintf(
		`fetch(%q, { headers: { Authorization: "Bearer " + %s } }).then((answer) => answer.text(), (error) => error.message)`, w.issuer+"/userinfo", stolen)))
	complaints := strings.Join(w.Complaints(), "\n")
	require.Equal(w.t, 2, strings.Count(complaints, "blocked by CORS policy"), complaints)
}

func (w *browserWorld) signOut() {
	w.Open(w.app)
	w.atApp(w.app, "Hello Ada Example")
	w.Submit("Sign out")
	arrived, err := url.Parse(w.URL())
	require.NoError(w.t, err)
	require.Equal(w.t, w.app, arrived.Scheme+"://"+arrived.Host, w.Text())
	w.atApp(w.app, "Nobody is signed in")
	_, problem := w.ask("signinSilent()")
	require.Equal(w.t, "login_required", problem)
	w.Open(w.issuer + "/account")
	require.Equal(w.t, w.issuer+"/login", w.URL(), "signed out")
}
