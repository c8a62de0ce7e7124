package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
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
	w.bindToKey()
	w.useDistantApp()
	w.useForbiddenApp()
	w.useTwoTabs()
}

// browserWorld has a person at a browser and three apps with the same code.
type browserWorld struct {
	*browsertest.Browser
	t      *testing.T
	db     *storagetest.Database
	issuer string

	app       string // registered as an app in the browser, on the same site as the provider
	distant   string // likewise, on another site
	forbidden string // registered as an app on the person's device
	bound     string // client of app whose tokens are bound to a key
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
		apps = append(apps, listener{l, browserApp(library, map[string]any{
			"authority": w.issuer, "client_id": id, "monitorSession": host == "localhost", "checkSessionIntervalInSeconds": 0.1,
		})})
		return origin
	}
	w.app, w.distant, w.forbidden = serve("localhost", client.SPA), serve("127.0.0.1", client.SPA), serve("127.0.0.1", client.Native)
	w.bound, _ = addClient(t, a, client.SPA, w.app+"/silent.html", func(m *client.Metadata) { m.DPoPRequired, m.Consent = true, client.ConsentSkip })
	listenAndRun(t, a, apps...)
	addAda(t, a)
	w.Browser = browsertest.Start(t, browsertest.Options{JavaScript: true})
	return w
}

// browserApp serves the app with a policy that lets it reach its provider and nobody else.
func browserApp(library string, settings map[string]any) http.Handler {
	files := http.FileServer(http.Dir(filepath.Join(relyingApps, "browser")))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'self'; connect-src 'self' %[1]s; frame-src 'self' %[1]s", settings["authority"]))
		switch r.URL.Path {
		case "/favicon.ico":
		case "/settings.json":
			_ = json.NewEncoder(rw).Encode(settings)
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

// must is ask for calls that must not fail.
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

// proveBoth enters both factors. To avoid waiting half a minute for the next code, it makes the server forget the step of the last one.
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

// bindToKey has the library prove a key of the browser, with the nonce that it reads from the answer of another origin.
func (w *browserWorld) bindToKey() {
	answer := browsertest.Evaluate[struct{ Type, Bound, Unbound string }](w.Browser, fmt.Sprintf(`import("/browser-app.js").then(async ({ manager }) => {
		const bound = new oidc.UserManager({
			authority: manager.settings.authority, client_id: %q, redirect_uri: manager.settings.silent_redirect_uri,
			dpop: { bind_authorization_code: true, store: new oidc.IndexedDbDPoPStore() },
		});
		const user = await bound.signinSilent();
		const address = await bound.metadataService.getUserInfoEndpoint();
		const proof = await bound.dpopProof(address, user, "GET");
		const ask = async (headers) => (await (await fetch(address, { headers })).json());
		const person = await ask({ Authorization: "DPoP " + user.access_token, DPoP: proof });
		const refused = await ask({ Authorization: "Bearer " + user.access_token });
		return { type: user.token_type, bound: person.sub, unbound: refused.error };
	})`, w.bound))
	require.Equal(w.t, "DPoP", answer.Type)
	require.Equal(w.t, w.user.Profile.Sub, answer.Bound)
	require.Equal(w.t, "invalid_token", answer.Unbound)
	complaints := w.Complaints() // of the answers that are no success
	require.Len(w.t, complaints, 2, complaints)
	require.Contains(w.t, complaints[0], "/oauth2/token", "the nonce was asked for")
	require.Contains(w.t, complaints[1], "/userinfo")
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

// useForbiddenApp runs an app in the browser that is not registered as a browser app: it gets a code, but cannot read the token response.
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

// useTwoTabs has the app watch the sign-in in one tab, which changes and ends by the other.
func (w *browserWorld) useTwoTabs() {
	w.Open(w.app)
	w.atApp(w.app, "Hello Ada Example")
	require.NotEmpty(w.t, w.must("getUser()").SessionState)
	w.watch()
	w.wait(`seen.filter((it) => it === "unchanged").length > 1`)

	other := *w
	other.Browser = w.NewTab()
	other.Open(w.app)
	other.atApp(w.app, "Nobody is signed in")
	other.Await(func() {
		browsertest.Evaluate[bool](other.Browser, `import("/browser-app.js").then(({ manager }) => { manager.signinRedirect({ prompt: "login" }); return true })`)
	})
	other.proveBoth()
	other.atApp(w.app, "Hello Ada Example")
	w.wait(`seen.includes("session changed") && seen.at(-1) === "unchanged"`)
	w.atApp(w.app, "Hello Ada Example")

	other.Submit("Sign out")
	other.atApp(w.app, "Nobody is signed in")
	w.wait(`seen.includes("signed out")`)
	w.atApp(w.app, "Nobody is signed in")
	_, problem := w.ask("signinSilent()")
	require.Equal(w.t, "login_required", problem)
	w.Open(w.issuer + "/account")
	require.Equal(w.t, w.issuer+"/login", w.URL(), "signed out")
}

// watch records the messages of the provider's frame and the events that the library makes of them.
func (w *browserWorld) watch() {
	w.t.Helper()
	browsertest.Evaluate[bool](w.Browser, fmt.Sprintf(`import("/browser-app.js").then(({ manager: { events } }) => {
		globalThis.seen = [];
		addEventListener("message", ({ origin, data }) => { if (origin === %q) seen.push(data) });
		events.addUserSessionChanged(() => { seen.push("session changed") });
		events.addUserSignedOut(() => { seen.push("signed out") });
		return true;
	})`, w.issuer))
}

// wait returns when the condition is true of the recorded messages.
func (w *browserWorld) wait(condition string) {
	w.t.Helper()
	browsertest.Evaluate[bool](w.Browser, `new Promise((done) => {
		const look = () => (`+condition+`) ? done(true) : setTimeout(look, 20);
		look();
	})`)
}
