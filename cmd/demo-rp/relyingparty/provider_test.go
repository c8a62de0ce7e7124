package relyingparty

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
)

// object is a JSON object.
type object map[string]any

// op is the HTTP side of a provider whose answers a test sets. The test itself
// acts as its authorization endpoint: see browser.answer.
type op struct {
	*httptest.Server
	signer jose.Signer
	public jose.JSONWebKey

	up        bool   // if false, every answer is 503
	metadata  object // changes to the discovery document
	idToken   object // changes to the ID token; a nil value removes the claim
	userInfo  object
	tokens    object // changes to the token response
	challenge string // of the authorization request; checked at the token endpoint
	nonce     string // of the authorization request
	requests  []url.Values
}

func newOP(t *testing.T) *op {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p := &op{up: true, userInfo: object{"sub": "ada", "name": "Ada <Example>", "email": "ada@example.test"}}
	p.public = jose.JSONWebKey{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}
	p.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{p.public}})
	})
	mux.HandleFunc("/token", p.token)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer at") {
			send(w, http.StatusUnauthorized, nil)
			return
		}
		send(w, http.StatusOK, p.userInfo)
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.up {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *op) discovery(w http.ResponseWriter, _ *http.Request) {
	document := object{
		"issuer": p.URL, "jwks_uri": p.URL + "/jwks",
		"authorization_endpoint": p.URL + "/auth", "token_endpoint": p.URL + "/token", "userinfo_endpoint": p.URL + "/userinfo",
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"authorization_response_iss_parameter_supported": true,
	}
	maps.Copy(document, p.metadata)
	send(w, http.StatusOK, document)
}

// token accepts the code "good" and refresh tokens that begin with "rt".
func (p *op) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	_ = r.ParseForm()
	p.requests = append(p.requests, r.PostForm)
	claims := object{
		"iss": p.URL, "sub": "ada", "aud": "demo", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		"auth_time": 1700000000, "amr": []string{"pwd", "otp", "mfa"}, "acr": "urn:example:mfa",
	}
	valid := strings.HasPrefix(r.PostForm.Get("refresh_token"), "rt")
	if r.PostForm.Get("grant_type") == "authorization_code" {
		valid = r.PostForm.Get("code") == "good" && p.challenge == oauth2.S256ChallengeFromVerifier(r.PostForm.Get("code_verifier"))
		claims["nonce"] = p.nonce
	}
	if id != "demo" || secret != "secret" || !valid {
		send(w, http.StatusBadRequest, object{"error": "invalid_grant", "error_description": "no such <code>"})
		return
	}
	for name, value := range p.idToken {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	answer := object{"access_token": "at" + rand.Text(), "refresh_token": "rt" + rand.Text(), "token_type": "Bearer", "expires_in": 600, "id_token": p.sign(claims)}
	for name, value := range p.tokens {
		answer[name] = value
		if value == nil {
			delete(answer, name)
		}
	}
	send(w, http.StatusOK, answer)
}

func (p *op) sign(claims object) string {
	payload, _ := json.Marshal(claims)
	signed, err := p.signer.Sign(payload)
	if err != nil {
		return err.Error()
	}
	token, _ := signed.CompactSerialize()
	return token
}

func send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// browser is a browser that uses one app.
type browser struct {
	t   *testing.T
	op  *op
	app *App
	id  string // value of the cookie
}

func newBrowser(t *testing.T, p *op) *browser {
	app, err := New(Config{Issuer: p.URL, ClientID: "demo", ClientSecret: "secret", BaseURL: "http://app.test"})
	require.NoError(t, err)
	return &browser{t: t, op: p, app: app}
}

func (b *browser) do(method, target string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	if b.id != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: b.id})
	}
	w := httptest.NewRecorder()
	b.app.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		b.id = cookie.Value
	}
	return w
}

// begin starts a sign-in and returns the authorization request.
func (b *browser) begin(query string) url.Values {
	b.t.Helper()
	w := b.do("GET", "/signin"+query)
	require.Equal(b.t, http.StatusSeeOther, w.Code, w.Body.String())
	to, err := url.Parse(w.Header().Get("Location"))
	require.NoError(b.t, err)
	require.Equal(b.t, b.op.URL+"/auth", to.Scheme+"://"+to.Host+to.Path)
	request := to.Query()
	b.op.challenge, b.op.nonce = request.Get("code_challenge"), request.Get("nonce")
	return request
}

// answer comes back from the provider with its answer to request, after
// applying changes.
func (b *browser) answer(request url.Values, changes map[string]string) *httptest.ResponseRecorder {
	b.t.Helper()
	answer := url.Values{"state": {request.Get("state")}, "iss": {b.op.URL}, "code": {"good"}}
	for name, value := range changes {
		answer.Set(name, value)
		if value == "" {
			answer.Del(name)
		}
	}
	return b.do("GET", CallbackPath+"?"+answer.Encode())
}

func (b *browser) signIn() {
	b.t.Helper()
	w := b.answer(b.begin(""), nil)
	require.Equal(b.t, http.StatusSeeOther, w.Code, w.Body.String())
	require.Equal(b.t, "/", w.Header().Get("Location"))
}

func (b *browser) page() string {
	b.t.Helper()
	w := b.do("GET", "/")
	require.Equal(b.t, http.StatusOK, w.Code)
	return w.Body.String()
}
