package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/authorize"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/fetch/fetchtest"
	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/provider/keys/keystest"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	issuer   = "https://id.example.test"
	callback = "https://app.example.test/cb"
)

// world is a provider on a real database with one user, who is signed in, and clients of each type.
type world struct {
	t        testing.TB
	store    *storage.Store
	clients  *client.Registry
	keys     *keys.Ring
	cfg      Config
	parts    parts
	provider *Provider
	tokens   *token.Issuer // makes and reads the same tokens as the provider
	router   *gin.Engine
	browser  *browser
	log      *logText
	user     storage.User
	web      *client.Client // confidential; people are not asked for consent
	secret   string
}

// newWorld builds a world on a store.
func newWorld(t testing.TB, store *storage.Store, edit ...func(*Config)) *world {
	w := joinWorld(t, store, edit...)
	w.user = storagetest.User(t, store)
	w.signIn(time.Now())
	w.web, w.secret = w.register(client.Web, func(m *client.Metadata) {
		m.RedirectURIs, m.Consent, m.IDTokenAlg = []string{callback}, client.ConsentSkip, "ES256"
	})
	return w
}

// joinWorld builds a provider on a store as another replica would, without users or clients of its own; edit changes its settings.
func joinWorld(t testing.TB, store *storage.Store, edit ...func(*Config)) *world {
	log := audit.New(store)
	w := &world{
		t: t, store: store, clients: client.New(client.Config{Store: store, Audit: log, UnsignedIDTokens: true}), browser: &browser{store: store, id: "browser"},
		log: &logText{},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.log.String())
		}
	})
	var err error
	w.keys, err = keys.New(keys.Config{Store: store, Audit: log})
	require.NoError(t, err)
	keystest.Provide(t, store)
	require.NoError(t, w.keys.Load(t.Context(), time.Now()))
	pages, err := testPages()
	require.NoError(t, err)
	cfg := Config{
		Issuer: issuer, SignInURL: issuer + "/login", ConsentURL: issuer + "/consent",
		Store: store, Audit: log, Keys: w.keys, Clients: w.clients, SignIns: w.browser, Pages: pages, Fetch: fetch.New(fetch.Config{Allow: fetchtest.Loopback}),
		Log:      slog.New(ruleRecorder{slog.NewTextHandler(w.log, nil)}),
		FlowLife: 10 * time.Minute, CodeLife: time.Minute, AccessTokenLife: 10 * time.Minute, IDTokenLife: time.Hour,
		RefreshIdle: 14 * 24 * time.Hour, RefreshAbsolute: 90 * 24 * time.Hour, RefreshGrace: 30 * time.Second, Registration: registration.Closed,
		UnsignedIDTokens: true,
	}
	for _, change := range edit {
		change(&cfg)
	}
	w.cfg, w.parts = cfg, parts{grants: store.Grants, limits: authorize.NewLimits()}
	w.start()
	return w
}

// start starts the provider, or restarts it.
func (w *world) start() {
	var err error
	w.provider, err = build(w.cfg, w.parts)
	require.NoError(w.t, err)
	w.tokens = token.New(token.Config{
		Issuer: w.cfg.Issuer, Store: w.cfg.Store, Grants: w.parts.grants, Audit: w.cfg.Audit, Keys: w.cfg.Keys, Clients: w.cfg.Clients,
		AccessTokenLife: w.cfg.AccessTokenLife, IDTokenLife: w.cfg.IDTokenLife, RefreshGrace: w.cfg.RefreshGrace,
	})
	gin.SetMode(gin.ReleaseMode)
	w.router = gin.New()
	w.router.HandleMethodNotAllowed = true
	w.provider.MountDocuments(w.router)
	w.provider.Mount(w.router)
}

// between restarts the provider with grants that may do something between two statements.
func (w *world) between(g grants) {
	w.parts.grants = g
	w.start()
}

// limit restarts the provider with other limits of authorization requests.
func (w *world) limit(edit func(*authorize.Limits)) {
	edit(&w.parts.limits)
	w.start()
}

// beginSignIn stores a sign-in of the user with a right password and no code yet.
func (w *world) beginSignIn(at time.Time) storage.HalfSignIn {
	half := storage.HalfSignIn{TokenHash: storage.Hash(rand.Text()), User: w.user, CreatedAt: at, ExpiresAt: at.Add(5 * time.Minute)}
	require.NoError(w.t, w.store.Sessions.BeginSignIn(w.t.Context(), half, ""))
	return half
}

// signIn signs the user in at a time, in the world's browser.
func (w *world) signIn(at time.Time) {
	half := w.beginSignIn(at)
	w.browser.session = storage.Hash(rand.Text())
	require.NoError(w.t, w.store.Sessions.CompleteSignIn(w.t.Context(), half.TokenHash, storage.Completion{
		TokenHash: w.browser.session, Methods: []string{"pwd", "otp", "mfa"}, IdleUntil: at.Add(time.Hour), ExpiresAt: at.Add(24 * time.Hour),
	}, at))
}

// register adds a client of a type, with its default metadata changed by edit.
func (w *world) register(kind client.Type, edit func(*client.Metadata)) (*client.Client, string) {
	m := client.Defaults(kind)
	m.Name = "App " + string(kind)
	edit(&m)
	c, secret, err := w.clients.Add(w.t.Context(), client.Registration{Metadata: m}, audit.Operator(), time.Now())
	require.NoError(w.t, err)
	return c, secret
}

// answer is a response, with its JSON body if it has one, and with the URL that it redirects to and its query.
type answer struct {
	*httptest.ResponseRecorder
	body     map[string]any
	location *url.URL
	query    url.Values
}

func (w *world) do(r *http.Request) answer {
	recorder := httptest.NewRecorder()
	w.router.ServeHTTP(recorder, r)
	a := answer{ResponseRecorder: recorder, query: url.Values{}}
	if strings.HasPrefix(recorder.Header().Get("Content-Type"), "application/json") {
		require.NoError(w.t, json.Unmarshal(recorder.Body.Bytes(), &a.body), recorder.Body.String())
	}
	if to := recorder.Header().Get("Location"); to != "" {
		var err error
		a.location, err = url.Parse(to)
		require.NoError(w.t, err)
		a.query = a.location.Query()
	}
	return a
}

// params returns base with the pairs set; a pair with an empty value removes the parameter.
func params(base url.Values, pairs ...string) url.Values {
	form := url.Values{}
	for name, values := range base {
		form[name] = values
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		}
	}
	return form
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func s256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request returns the authorization request of a client with the pairs set.
func (w *world) request(c *client.Client, pairs ...string) url.Values {
	return params(url.Values{
		"client_id": {c.ID}, "redirect_uri": {c.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid profile email"},
		"state": {"the state"}, "nonce": {"the nonce"}, "code_challenge": {s256(verifier)}, "code_challenge_method": {"S256"},
	}, pairs...)
}

func (w *world) authorize(form url.Values) answer {
	return w.do(httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+form.Encode(), nil))
}

// code runs an authorization request that needs no page and returns its code.
func (w *world) code(c *client.Client, pairs ...string) string {
	w.t.Helper()
	a := w.authorize(w.request(c, pairs...))
	require.Equal(w.t, http.StatusSeeOther, a.Code, a.Body.String())
	require.NotEmpty(w.t, a.query.Get("code"), a.location.String())
	return a.query.Get("code")
}

// post sends a form to an endpoint, authenticated as the world's web client unless auth says otherwise.
func (w *world) post(path string, form url.Values, auth ...func(*http.Request)) answer {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(auth) == 0 {
		auth = []func(*http.Request){w.basic}
	}
	for _, apply := range auth {
		apply(r)
	}
	return w.do(r)
}

func (w *world) basic(r *http.Request) { r.SetBasicAuth(w.web.ID, w.secret) }

func anonymous(*http.Request) {}

func (w *world) redeem(code string, pairs ...string) answer {
	return w.post("/oauth2/token", params(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
	}, pairs...))
}

func (w *world) refresh(token string, pairs ...string) answer {
	return w.post("/oauth2/token", params(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, pairs...))
}

func (w *world) userinfo(token string) answer {
	r := httptest.NewRequest(http.MethodGet, "/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return w.do(r)
}

func (w *world) introspect(token string) map[string]any {
	w.t.Helper()
	a := w.post("/oauth2/introspect", url.Values{"token": {token}})
	require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
	return a.body
}

// offline runs a flow with offline_access and returns the token answer.
func (w *world) offline() map[string]any {
	w.t.Helper()
	a := w.redeem(w.code(w.web, "scope", "openid profile email offline_access"))
	require.Equal(w.t, http.StatusOK, a.Code, a.Body.String())
	require.NotEmpty(w.t, a.body["refresh_token"])
	return a.body
}

// each runs a test on a world on every database.
func each(t *testing.T, test func(*testing.T, *world)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) { test(t, newWorld(t, db.Open(t))) })
}

// idToken verifies an ID token with the published keys and returns its claims.
func (w *world) idToken(token any) map[string]any {
	w.t.Helper()
	require.IsType(w.t, "", token)
	payload, header, err := w.keys.Verify(token.(string), w.keys.Algorithms(), time.Now())
	require.NoError(w.t, err)
	require.Equal(w.t, "JWT", header.Type)
	var claims map[string]any
	require.NoError(w.t, json.Unmarshal(payload, &claims))
	return claims
}
