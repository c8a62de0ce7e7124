package provider

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/fetch/fetchtest"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// Each module of the OpenID Foundation's conformance suite has a test with its name, here or in cmd/postern, where a test checks that no module is
// missing. A module runs in all variants in which the suite runs it, and after each flow the checker (conformance_checker_test.go) checks everything
// that the suite checks. A warning of the suite is a failure here.

// suiteApp is the web server of the suite's client.
type suiteApp struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]string
	asked map[string]int
}

func newSuiteApp(t *testing.T) *suiteApp {
	app := &suiteApp{files: map[string]string{}, asked: map[string]int{}}
	app.Server = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		app.mu.Lock()
		defer app.mu.Unlock()
		app.asked[r.URL.Path]++
		text, found := app.files[r.URL.Path]
		if !found {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write([]byte(text))
	}))
	t.Cleanup(app.Close)
	return app
}

func (a *suiteApp) serve(path, text string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files[path] = text
	return a.URL + path
}

func (a *suiteApp) fetches(path string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[path]
}

// world returns a provider at which apps can register, and that can fetch from this app.
func (a *suiteApp) world(t testing.TB, store *storage.Store) *world {
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate())
	return newWorld(t, store, func(cfg *Config) {
		cfg.Registration, cfg.Fetch = registration.Open, fetch.New(fetch.Config{Roots: roots, Allow: fetchtest.Loopback})
	})
}

// module runs a test on every database, with an app that the provider can fetch from.
func module(t *testing.T, test func(*testing.T, *world, *suiteApp)) {
	app := newSuiteApp(t)
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) { test(t, app.world(t, db.Open(t)), app) })
}

// run is one run of a module: the suite's client, with a response type and mode, and a browser in which a user with all 20 standard claims is signed
// in.
type run struct {
	*world
	app   *suiteApp
	t     testing.TB
	types string
	mode  string          // empty: not asked for
	key   jose.SigningKey // signing key of a client with private_key_jwt, and its kid
	kid   string
	// audience is the aud of the client's assertions; empty: the token endpoint.
	audience string
	// registered are the answers to the registrations of the run, which are deleted at its end, as the suite does.
	registered []map[string]any
}

// ends deletes the clients that the run has registered.
func (r *run) ends() {
	r.t.Helper()
	for _, one := range r.registered {
		a := r.json(http.MethodDelete, one["registration_client_uri"].(string), one["registration_access_token"].(string), "")
		require.Equal(r.t, http.StatusNoContent, a.Code, a.Body.String())
	}
}

// conforms runs a module on every database in all its variants: with each of the response types, without a response mode and with form_post.
func conforms(t *testing.T, types []string, test func(*run)) {
	module(t, func(t *testing.T, w *world, app *suiteApp) {
		w.addUser(standard())
		session := w.browser.session
		static, secret := w.hybrid(), w.secret
		for _, types := range types {
			for _, mode := range []string{"", oauth.ModeFormPost} {
				t.Run(strings.TrimSpace(types+" "+mode), func(t *testing.T) {
					w.browser.session = session
					one := *w
					one.t, one.web, one.secret = t, static, secret
					r := &run{world: &one, app: app, t: t, types: types, mode: mode}
					test(r)
					r.ends()
				})
			}
		}
	})
}

// conformsInTime is conforms for modules that wait. They run in a synctest bubble, which cannot have subtests.
func conformsInTime(t *testing.T, types []string, test func(*run)) {
	app := newSuiteApp(t)
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		db.Open(t) // migrate outside of the bubble: a migration waits for others in real time
		synctest.Test(t, func(t *testing.T) {
			w := app.world(t, db.Open(t))
			w.addUser(standard())
			w.hybrid()
			for _, types := range types {
				for _, mode := range []string{"", oauth.ModeFormPost} {
					t.Logf("%s %s", types, mode)
					w.signIn(time.Now())
					one := *w
					r := &run{world: &one, app: app, t: t, types: types, mode: mode}
					test(r)
					r.ends()
				}
			}
		})
	})
}

// Response types of the plans.
var (
	withCode  = []string{"code", "code id_token", "code token", "code id_token token"}
	everyType = client.ResponseTypes()
)

// dynamic registers a client for the run as the plan Dynamic does: for the response type alone, with private_key_jwt.
func (r *run) dynamic(pairs ...any) {
	r.t.Helper()
	r.sign("RS256", "1")
	members := []any{
		"response_types", []string{r.types}, "grant_types", r.grants(), "token_endpoint_auth_method", client.AuthPrivateKey,
		"jwks", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwttest.Public(jwttest.Keys()["RS256"], "1")}},
	}
	request := httptest.NewRequest(http.MethodPost, oauth.RegisterPath, strings.NewReader(registrationText(r.t, append(members, pairs...)...)))
	request.Header.Set("Content-Type", "application/json")
	// The suite sends an initial access token. Without one, no operator would vouch for the client, and people would see a page before it gets an
	// error.
	request.Header.Set("Authorization", "Bearer "+r.initial(1, time.Hour))
	a := r.do(request)
	require.Empty(r.t, registrationFindings(a), a.Body.String())
	r.registered = append(r.registered, a.body)
	r.adopt(a.body)
}

// path returns a path at the suite's app that only this run uses.
func (r *run) path(name string) string {
	return "/" + strings.ReplaceAll(r.types, " ", "-") + r.mode + "/" + name
}

// grants returns the grant types that the response type needs.
func (r *run) grants() (grants []string) {
	if strings.Contains(r.types, "code") {
		grants = append(grants, client.GrantCode)
	}
	if r.types != "code" {
		grants = append(grants, client.GrantImplicit)
	}
	return grants
}

// sign chooses the key of the client's assertions.
func (r *run) sign(alg, kid string) {
	r.key, r.kid = jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jwttest.Keys()[alg]}, kid
}

// request returns the authorization request of the suite, which does not use PKCE.
func (r *run) request(pairs ...string) url.Values {
	return params(url.Values{
		"client_id": {r.web.ID}, "redirect_uri": {callback}, "response_type": {r.types}, "scope": {"openid"},
		"state": {storage.NewID()}, "nonce": {storage.NewID()},
	}, append([]string{"response_mode", r.mode}, pairs...)...)
}

// token sends a token request with the client's authentication.
func (r *run) token(pairs ...string) answer {
	r.t.Helper()
	form, auth := params(nil, pairs...), anonymous
	switch r.web.AuthMethod {
	case client.AuthBasic:
		auth = r.basic
	case client.AuthPost:
		form.Set("client_id", r.web.ID)
		form.Set("client_secret", r.secret)
	case client.AuthPrivateKey:
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", jwttest.Sign(r.t, string(r.key.Algorithm), r.key.Key, r.kid,
			changedClaims(r.web.ID, time.Now(), "aud", cmp.Or(r.audience, issuer+"/oauth2/token"))))
	}
	return r.post("/oauth2/token", form, auth)
}

// finish completes a flow after the answer to its authorization request, and has the checker check all of it. sent are the parameters of the request,
// wherever they were.
func (r *run) finish(a answer, sent url.Values, extra ...string) *outcome {
	r.t.Helper()
	o := &outcome{client: r.web, about: r.get("/.well-known/openid-configuration"), keys: r.get("/.well-known/jwks.json"), sent: sent, response: a}
	arrived, fault := o.arrived()
	require.Empty(r.t, fault)
	require.Empty(r.t, arrived.Get("error"), arrived.Get("error_description"))
	if token := arrived.Get("access_token"); token != "" {
		o.infos = append(o.infos, r.userinfo(token))
	}
	if code := arrived.Get("code"); code != "" {
		tokens := r.token(append([]string{"grant_type", "authorization_code", "code", code, "redirect_uri", sent.Get("redirect_uri")}, extra...)...)
		require.Equal(r.t, http.StatusOK, tokens.Code, tokens.Body.String())
		o.tokens = &tokens
		o.infos = append(o.infos, r.userinfo(tokens.body["access_token"].(string)))
	}
	require.Empty(r.t, o.findings())
	return o
}

// succeeds runs a flow that needs no page.
func (r *run) succeeds(pairs ...string) *outcome {
	r.t.Helper()
	form := r.request(pairs...)
	return r.finish(r.authorize(form), form)
}

// signsInAgain runs a flow for which a person who is signed in has to sign in again.
func (r *run) signsInAgain(pairs ...string) *outcome {
	r.t.Helper()
	form := r.request(pairs...)
	page, flow := r.begin(form)
	require.Equal(r.t, "login", page)
	time.Sleep(time.Second)
	r.signIn(time.Now())
	return r.finish(r.resume(flow), form)
}

// fails checks that the client receives one of these errors.
func (r *run) fails(form url.Values, codes ...string) {
	r.t.Helper()
	o := &outcome{client: r.web, sent: form, response: r.authorize(form)}
	require.Empty(r.t, o.refusals(codes...))
}

// shows checks that a request is answered by a page that does not lead to the client.
func (r *run) shows(form url.Values, text string) {
	r.t.Helper()
	requirePage(r.t, r.authorize(form), http.StatusBadRequest, text)
}

// object returns a request object of the client with all of the parameters, as the suite makes it.
func (r *run) object(alg string, form url.Values, pairs ...any) string {
	r.t.Helper()
	claims := map[string]any{}
	for name := range form {
		claims[name] = form.Get(name)
	}
	for i := 0; i < len(pairs); i += 2 {
		claims[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return object(r.t, alg, "", claims)
}

// beside returns the parameters beside a request object: those that OAuth 2.0 requires.
func beside(form url.Values, pairs ...string) url.Values {
	outside := url.Values{}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "scope"} {
		outside[name] = slices.Clone(form[name])
	}
	return params(outside, pairs...)
}
