package provider

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage"
)

// asks registers a web client that sends request objects.
func (w *world) asks(edit func(*client.Metadata)) *client.Client {
	w.t.Helper()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwttest.Public(jwttest.Keys()["ES256"], "1")}})
	require.NoError(w.t, err)
	c, _ := w.register(client.Web, func(m *client.Metadata) {
		m.RedirectURIs, m.Consent, m.JWKS, m.RequestObjectAlg = []string{callback}, client.ConsentSkip, set, "ES256"
		edit(m)
	})
	return c
}

func sameAs(*client.Metadata) {}

// object returns claims signed as a client does; kind is the typ of the header.
func object(t testing.TB, alg, kind string, claims map[string]any) string {
	t.Helper()
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	if alg == client.AlgNone {
		return jwttest.Unsigned(text)
	}
	options := (&jose.SignerOptions{}).WithHeader("kid", "1")
	if kind != "" {
		options = options.WithType(jose.ContentType(kind))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jwttest.Keys()[alg]}, options)
	require.NoError(t, err)
	signed, err := signer.Sign(text)
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return compact
}

func TestRequestObjectWinsOverTheAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for alg, c := range map[string]*client.Client{
			"ES256": w.asks(sameAs), client.AlgNone: w.asks(func(m *client.Metadata) { m.RequestObjectAlg = client.AlgNone }),
		} {
			inside := map[string]any{
				"iss": c.ID, "aud": issuer, "client_id": c.ID, "response_type": "code", "redirect_uri": callback, "state": "inside", "nonce": "n2",
				"scope": "openid email", "max_age": 3600, "exp": time.Now().Add(time.Minute).Unix(),
				"claims": map[string]any{"userinfo": map[string]any{"name": nil}},
			}
			a := w.authorize(w.request(c, "request", object(t, alg, "", inside), "redirect_uri", "https://evil.example/", "state", "outside"))
			require.Equal(t, http.StatusSeeOther, a.Code, a.Body.String())
			require.True(t, strings.HasPrefix(a.location.String(), callback), a.location.String())
			require.Equal(t, "inside", a.query.Get("state"))
			require.NotEmpty(t, a.query.Get("code"), a.location.String())
		}
	})
}

// A client that is not registered for request objects gets an error, and nothing in the object counts (AZ-34).
func TestRequestObjectsAreOffByDefault(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inside := object(t, client.AlgNone, "", map[string]any{"redirect_uri": "https://evil.example/", "scope": "openid", "state": "inside"})
		a := w.authorize(w.request(w.web, "request", inside))
		requireRefusal(t, a, callback, requestNotSupported)
		require.Equal(t, "the state", a.query.Get("state"))
		requireRefusal(t, w.authorize(w.request(w.web, "request_uri", "https://127.0.0.1/")), callback, requestURINotSupported)
	})
}

func TestRequestObjectsThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.asks(sameAs)
		good := map[string]any{"iss": c.ID, "aud": issuer, "client_id": c.ID}
		with := func(pairs ...any) map[string]any {
			claims := map[string]any{}
			for name, value := range good {
				claims[name] = value
			}
			for i := 0; i < len(pairs); i += 2 {
				claims[pairs[i].(string)] = pairs[i+1]
			}
			return claims
		}
		require.NotEmpty(t, w.code(c, "request", object(t, "ES256", "oauth-authz-req+jwt", good)))
		past, future := time.Now().Add(-time.Minute).Unix(), time.Now().Add(time.Minute).Unix()
		for name, text := range map[string]string{
			"another client's":      object(t, "ES256", "", with("client_id", w.web.ID)),
			"another issuer":        object(t, "ES256", "", with("iss", "https://other.example")),
			"another server":        object(t, "ES256", "", with("aud", "https://other.example")),
			"another response type": object(t, "ES256", "", with("response_type", "code id_token")),
			"a client assertion":    object(t, "ES256", "", with("sub", c.ID)),
			"expired":               object(t, "ES256", "", with("exp", past)),
			"not yet":               object(t, "ES256", "", with("nbf", future)),
			"made tomorrow":         object(t, "ES256", "", with("iat", future)),
			"time as text":          object(t, "ES256", "", with("exp", "soon")),
			"object in an object":   object(t, "ES256", "", with("request", "x")),
			"list for a text":       object(t, "ES256", "", with("scope", []string{"openid"})),
			"another type":          object(t, "ES256", "logout+jwt", good),
			"another algorithm":     object(t, "PS256", "", good),
			"unsigned":              object(t, client.AlgNone, "", good),
			"no JWT":                "x.y.z",
			"empty parts":           "..",
			"dots":                  strings.Repeat(".", 8000),
			"name twice": func() string {
				head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
				return head + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"scope":"openid","scope":"email"}`)) + "."
			}(),
		} {
			a := w.authorize(w.request(c, "request", text))
			requireRefusal(t, a, callback, invalidRequestObject)
			require.NotContains(t, a.location.String(), "code=", name)
		}
		requireRefusal(t, w.authorize(w.request(c, "request", "x", "request_uri", "https://a.example/")), callback, invalidRequest)
	})
}

// A client that registers request_uris and no algorithm may use any (OIDC Registration section 2), but the signature of a signed object must be
// valid.
func TestRequestObjectsOfAnyAlgorithm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.asks(func(m *client.Metadata) {
			m.RequestObjectAlg, m.RequestURIs = "", []string{"https://app.example.test/request"}
		})
		few := map[string]any{"client_id": c.ID, "state": "inside"}
		signed, bare := object(t, "ES256", "", few), object(t, client.AlgNone, "", few)
		for _, text := range []string{signed, bare} {
			require.Equal(t, "inside", w.authorize(w.request(c, "request", text)).query.Get("state"))
		}
		for _, text := range []string{object(t, "EdDSA", "", few), signed[:strings.LastIndex(signed, ".")+1], bare + "AAAA"} {
			requireRefusal(t, w.authorize(w.request(c, "request", text)), callback, invalidRequestObject)
		}
		w.change(c, func(m *client.Metadata) { m.RequireSignedRequestObject = true })
		requireRefusal(t, w.authorize(w.request(c, "request", bare)), callback, invalidRequestObject)
		whole := object(t, "ES256", "", inside(w.request(c), "state", "inside"))
		require.Equal(t, "inside", w.authorize(w.request(c, "request", whole)).query.Get("state"))
	})
}

func TestSignedRequestsCanBeRequired(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.asks(func(m *client.Metadata) { m.RequireSignedRequestObject, m.RequestObjectAlg = true, "" })
		requireRefusal(t, w.authorize(w.request(c)), callback, invalidRequest)
		require.NotEmpty(t, w.code(c, "request", object(t, "ES256", "", inside(w.request(c)))))
	})
}

// A request object is fetched only from a registered request_uri.
func TestRequestByReference(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var asked atomic.Int32
		var text atomic.Value
		server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			_, _ = out.Write([]byte(text.Load().(string)))
		}))
		defer server.Close()
		registered := server.URL + "/request.jwt#hash"
		c := w.asks(func(m *client.Metadata) { m.RequestURIs = []string{registered} })
		text.Store(object(t, "ES256", "", map[string]any{"client_id": c.ID, "state": "inside"}) + "\n")
		for _, uri := range []string{registered, server.URL + "/request.jwt"} {
			a := w.authorize(w.request(c, "request_uri", uri))
			require.NotEmpty(t, a.query.Get("code"), a.location)
			require.Equal(t, "inside", a.query.Get("state"))
		}
		require.EqualValues(t, 2, asked.Load())
		for _, uri := range []string{server.URL + "/other", server.URL, "file:///etc/passwd", "http://169.254.169.254/latest/meta-data"} {
			requireRefusal(t, w.authorize(w.request(c, "request_uri", uri)), callback, invalidRequestURI)
		}
		require.EqualValues(t, 2, asked.Load(), "an unregistered URI is not fetched")
		text.Store(strings.Repeat("x", longestObject+1))
		requireRefusal(t, w.authorize(w.request(c, "request_uri", registered)), callback, invalidRequestURI)
	})
}

// push pushes a request and returns its request_uri.
func (w *world) push(form url.Values) string {
	w.t.Helper()
	a := w.post("/oauth2/par", form)
	require.Equal(w.t, http.StatusCreated, a.Code, a.Body.String())
	require.EqualValues(w.t, 60, a.body["expires_in"])
	require.Len(w.t, a.body, 2)
	requireUnstored(w.t, a)
	require.Regexp(w.t, `^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}$`, a.body["request_uri"])
	return a.body["request_uri"].(string)
}

func pushed(c *client.Client, uri string, extra ...string) url.Values {
	return params(url.Values{"client_id": {c.ID}, "request_uri": {uri}}, extra...)
}

func TestPushedRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		uri := w.push(w.request(w.web, "state", "pushed"))
		// Parameters from the browser beside it do not count (PD-08).
		a := w.authorize(pushed(w.web, uri, "state", "front", "scope", "openid bogus", "redirect_uri", "https://evil.example/", "prompt", "login",
			"code_challenge", "x", "nonce", "front"))
		require.Equal(t, "pushed", a.query.Get("state"), a.location)
		require.Equal(t, "the nonce", w.idToken(w.redeem(a.query.Get("code")).body["id_token"])["nonce"])

		again := w.authorize(pushed(w.web, uri))
		requireRefusal(t, again, callback, invalidRequestURI)
		require.Equal(t, "pushed", again.query.Get("state"))
		requirePage(t, w.authorize(pushed(w.web, requestURIPrefix+"unknown")), http.StatusBadRequest, "This link does not work")
	})
}

func TestPushedRequestSurvivesPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		session := w.browser.session
		w.browser.session = nil
		uri := w.push(w.request(w.web))
		first := w.authorize(pushed(w.web, uri))
		require.True(t, strings.HasPrefix(first.location.String(), issuer+"/login?flow="), first.location)
		reload := w.authorize(pushed(w.web, uri)) // in the same browser
		require.True(t, strings.HasPrefix(reload.location.String(), issuer+"/login?flow="), reload.location)

		w.browser.id = "another browser"
		requireRefusal(t, w.authorize(pushed(w.web, uri)), callback, invalidRequestURI)
		w.browser.id = "browser"

		w.browser.session = session
		done := w.authorize(url.Values{"flow": {first.query.Get("flow")}})
		require.NotEmpty(t, done.query.Get("code"), done.location)
		requireRefusal(t, w.authorize(url.Values{"flow": {reload.query.Get("flow")}}), callback, invalidRequestURI)
	})
}

func TestPushedRequestIsForItsClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other, _ := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs, m.Consent = []string{callback}, client.ConsentSkip })
		uri := w.push(w.request(w.web))
		requirePage(t, w.authorize(pushed(other, uri)), http.StatusBadRequest, "This link does not work")
		require.NotEmpty(t, w.authorize(pushed(w.web, uri)).query.Get("code"), "its own client can still use it")
	})
}

func TestPushingIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		requireError(t, w.post("/oauth2/par", w.request(w.web), anonymous), http.StatusUnauthorized, invalidClient)
		for code, form := range map[string]url.Values{
			invalidRequest:          w.request(w.web, "redirect_uri", "https://evil.example/"),
			invalidScope:            w.request(w.web, "scope", "bogus"),
			unsupportedResponseType: w.request(w.web, "response_type", "code id_token"),
			requestNotSupported:     w.request(w.web, "request", "x.y.z"),
		} {
			requireError(t, w.post("/oauth2/par", form), http.StatusBadRequest, code)
		}
		requireError(t, w.post("/oauth2/par", w.request(w.web, "request_uri", requestURIPrefix+"x")), http.StatusBadRequest, invalidRequest)
		other := w.request(w.web)
		other.Set("client_id", "somebody-else")
		requireError(t, w.post("/oauth2/par", other), http.StatusUnauthorized, invalidClient)
	})
}

func TestPushingCanBeRequired(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.web, w.secret = w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent, m.PARRequired = []string{callback}, client.ConsentSkip, true
		})
		requireRefusal(t, w.authorize(w.request(w.web)), callback, invalidRequest)
		require.NotEmpty(t, w.authorize(pushed(w.web, w.push(w.request(w.web)))).query.Get("code"))
	})
}

// No credentials are stored (PD-10).
func TestPushedRequestHoldsNoSecret(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, secret := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent, m.AuthMethod = []string{callback}, client.ConsentSkip, client.AuthPost
		})
		a := w.post("/oauth2/par", w.request(c, "client_secret", secret, "password", "swordfish"), anonymous)
		require.Equal(t, http.StatusCreated, a.Code, a.Body.String())
		uri := a.body["request_uri"].(string)
		text, err := w.store.PushedRequests.Take(t.Context(), storage.Hash(uri), c.ID, []byte("b"), time.Now())
		require.NoError(t, err)
		require.NotContains(t, text, secret)
		require.NotContains(t, text, "swordfish")
		require.True(t, slices.Contains(strings.Split(text, "&"), "state=the+state"))
	})
}
