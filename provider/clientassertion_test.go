package provider

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage"
)

// withKeys registers a confidential client that authenticates with these keys.
func (w *world) withKeys(edit func(*client.Metadata), keys ...jose.JSONWebKey) *client.Client {
	w.t.Helper()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	require.NoError(w.t, err)
	c, secret := w.register(client.Service, func(m *client.Metadata) {
		m.AuthMethod, m.JWKS = client.AuthPrivateKey, set
		if edit != nil {
			edit(m)
		}
	})
	require.Empty(w.t, secret)
	return c
}

// claimsOf returns the claims of a valid assertion of a client.
func claimsOf(id string, now time.Time) map[string]any {
	return map[string]any{
		"iss": id, "sub": id, "aud": issuer, "exp": now.Add(time.Minute).Unix(), "iat": now.Unix(), "nbf": now.Unix(), "jti": storage.NewID(),
	}
}

// changedClaims returns the claims of a valid assertion with the pairs set; nil removes a claim.
func changedClaims(id string, now time.Time, pairs ...any) map[string]any {
	claims := claimsOf(id, now)
	for i := 0; i < len(pairs); i += 2 {
		claims[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(claims, pairs[i].(string))
		}
	}
	return claims
}

// assert sends an assertion to an endpoint.
func (w *world) assert(path, assertion string, pairs ...string) answer {
	form := params(endpoints[path], "client_assertion", assertion, "client_assertion_type", assertionType)
	return w.post(path, params(form, pairs...), anonymous, fromElsewhere())
}

// fromElsewhere gives a request a new address, for which nothing has failed yet.
func fromElsewhere() func(*http.Request) {
	address := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	rand.Read(address[4:])
	return from(netip.AddrPortFrom(netip.AddrFrom16(address), 443).String())
}

func TestClientAssertion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for alg, key := range jwttest.Keys() {
			plain := w.withKeys(nil, jwttest.Public(key, "k1"))
			narrow := w.withKeys(func(m *client.Metadata) { m.AuthSigningAlg = alg }, jwttest.Public(key, ""))
			for path := range endpoints {
				for _, aud := range []any{issuer, issuer + "/oauth2/token", []string{issuer}, []string{issuer + "/oauth2/token", issuer}} {
					a := w.assert(path, jwttest.Sign(t, alg, key, "k1", changedClaims(plain.ID, time.Now(), "aud", aud)))
					require.True(t, passes(t, a), "%s at %s: %s", alg, path, a.Body.String())
				}
				require.True(t, passes(t, w.assert(path, jwttest.Sign(t, alg, key, "", claimsOf(plain.ID, time.Now())))))
				require.True(t, passes(t, w.assert(path, jwttest.Sign(t, alg, key, "", claimsOf(narrow.ID, time.Now())))))
				require.True(t, passes(t, w.assert(path, jwttest.Sign(t, alg, key, "", claimsOf(plain.ID, time.Now())), "client_id", plain.ID)))
			}
			a := w.post("/oauth2/token", url.Values{
				"grant_type": {"client_credentials"}, "client_assertion_type": {assertionType},
				"client_assertion": {jwttest.Sign(t, alg, key, "k1", claimsOf(plain.ID, time.Now()))},
			}, anonymous)
			requireTokens(t, a)
		}
	})
}

// The code flow of a web app with a key in place of a secret.
func TestClientAssertionForACode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := jwttest.Keys()["ES256"]
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwttest.Public(key, "k1")}})
		require.NoError(t, err)
		c, _ := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent, m.AuthMethod, m.JWKS = []string{callback}, client.ConsentSkip, client.AuthPrivateKey, set
		})
		authenticated := func(form url.Values) answer {
			return w.post("/oauth2/token", params(form, "client_assertion_type", assertionType,
				"client_assertion", jwttest.Sign(t, "ES256", key, "k1", claimsOf(c.ID, time.Now()))), anonymous)
		}
		a := authenticated(url.Values{
			"grant_type": {"authorization_code"}, "code": {w.code(c, "scope", "openid offline_access")}, "redirect_uri": {callback}, "code_verifier": {verifier},
		})
		requireTokens(t, a)
		requireTokens(t, authenticated(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshTokenOf(a)}}))
	})
}

func TestClientAssertionClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := jwttest.Keys()["EdDSA"]
		c, other := w.withKeys(nil, jwttest.Public(key, "k1")), w.withKeys(nil, jwttest.Public(key, "k1"))
		now := time.Now()
		in := func(d time.Duration) int64 { return now.Add(d).Unix() }
		for name, tc := range map[string]struct {
			pairs []any
			want  bool
		}{
			"all there":              {nil, true},
			"no iat, no nbf":         {[]any{"iat", nil, "nbf", nil}, true},
			"unknown claims":         {[]any{"x", map[string]any{"y": 1}}, true},
			"a jti of 256":           {[]any{"jti", strings.Repeat("é", 256)}, true},
			"a jti with a NUL":       {[]any{"jti", "\x00"}, true},
			"exp passed, in skew":    {[]any{"exp", in(-5 * time.Second)}, true},
			"exp just in reach":      {[]any{"exp", in(10*time.Minute - time.Second)}, true},
			"exp with a fraction":    {[]any{"exp", float64(in(time.Minute)) + 0.5}, true},
			"iat and nbf in skew":    {[]any{"iat", in(9 * time.Second), "nbf", in(9 * time.Second)}, true},
			"iat long ago":           {[]any{"iat", in(-24 * time.Hour)}, true},
			"no iss":                 {[]any{"iss", nil}, false},
			"another iss":            {[]any{"iss", other.ID}, false},
			"iss in another case":    {[]any{"iss", strings.ToLower(c.ID)}, false},
			"no sub":                 {[]any{"sub", nil}, false},
			"another sub":            {[]any{"sub", other.ID}, false},
			"an unknown client":      {[]any{"iss", "unknown", "sub", "unknown"}, false},
			"empty iss and sub":      {[]any{"iss", "", "sub", ""}, false},
			"iss is a list":          {[]any{"iss", []string{c.ID}}, false},
			"a client by secret":     {[]any{"iss", w.web.ID, "sub", w.web.ID}, false},
			"no aud":                 {[]any{"aud", nil}, false},
			"aud null":               {[]any{"aud", json.RawMessage("null")}, false},
			"an empty aud":           {[]any{"aud", ""}, false},
			"an empty list of auds":  {[]any{"aud", []string{}}, false},
			"another server":         {[]any{"aud", "https://other.example.test"}, false},
			"another server as well": {[]any{"aud", []string{issuer, "https://other.example.test"}}, false},
			"an empty aud as well":   {[]any{"aud", []string{issuer, ""}}, false},
			"a slash too many":       {[]any{"aud", issuer + "/"}, false},
			"another endpoint":       {[]any{"aud", issuer + "/oauth2/auth"}, false},
			"aud in upper case":      {[]any{"aud", strings.ToUpper(issuer)}, false},
			"aud is the client":      {[]any{"aud", c.ID}, false},
			"aud is a number":        {[]any{"aud", 1}, false},
			"aud has a number":       {[]any{"aud", []any{issuer, 1}}, false},
			"no exp":                 {[]any{"exp", nil}, false},
			"exp null":               {[]any{"exp", json.RawMessage("null")}, false},
			"exp passed":             {[]any{"exp", in(-11 * time.Second)}, false},
			"exp 0":                  {[]any{"exp", 0}, false},
			"exp negative":           {[]any{"exp", -1}, false},
			"exp too far":            {[]any{"exp", in(10*time.Minute + 30*time.Second)}, false},
			"exp in milliseconds":    {[]any{"exp", in(time.Minute) * 1000}, false},
			"exp beyond all":         {[]any{"exp", 1e300}, false},
			"exp as a text":          {[]any{"exp", strconv.FormatInt(in(time.Minute), 10)}, false},
			"iat ahead":              {[]any{"iat", in(30 * time.Second)}, false},
			"iat as a text":          {[]any{"iat", "now"}, false},
			"nbf ahead":              {[]any{"nbf", in(61 * time.Second)}, false},
			"nbf as a text":          {[]any{"nbf", "now"}, false},
			"no jti":                 {[]any{"jti", nil}, false},
			"an empty jti":           {[]any{"jti", ""}, false},
			"jti is a number":        {[]any{"jti", 1}, false},
			"a jti of 257":           {[]any{"jti", strings.Repeat("x", 257)}, false},
			"EXP":                    {[]any{"exp", nil, "EXP", in(time.Minute)}, false},
			"another EXP":            {[]any{"EXP", in(time.Hour)}, true},
		} {
			a := w.assert("/oauth2/revoke", jwttest.Sign(t, "EdDSA", key, "k1", changedClaims(c.ID, now, tc.pairs...)))
			require.Equal(t, tc.want, passes(t, a), "%s: %s", name, a.Body.String())
		}
		for name, text := range map[string]string{
			"no object": `"text"`, "a list": `[]`, "null": `null`, "nothing": ``, "no JSON": `{`, "two values": `{}{}`,
			"exp twice": `{"iss":"` + c.ID + `","sub":"` + c.ID + `","aud":"` + issuer + `","exp":1,"jti":"x","exp":` + strconv.FormatInt(in(time.Minute), 10) + `}`,
		} {
			require.False(t, passes(t, w.assert("/oauth2/revoke", jwttest.Sign(t, "EdDSA", key, "k1", text))), name)
		}
	})
}

// A client must use its registered method and no other.
func TestClientAssertionIsTheOnlyMethod(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := jwttest.Keys()["EdDSA"]
		c := w.withKeys(nil, jwttest.Public(key, ""))
		set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwttest.Public(key, "")}})
		require.NoError(t, err)
		bySecret, secret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs, m.JWKS = []string{callback}, set })
		public := w.at(client.SPA, callback)
		fresh := func(id string) string { return jwttest.Sign(t, "EdDSA", key, "", claimsOf(id, time.Now())) }
		for path := range endpoints {
			require.True(t, passes(t, w.assert(path, fresh(c.ID))))
			for name, form := range map[string][]string{
				"a client registered for a secret": {"client_assertion", fresh(bySecret.ID)},
				"a public client":                  {"client_assertion", fresh(public.ID)},
				"another client_id":                {"client_assertion", fresh(c.ID), "client_id", bySecret.ID},
				"the id of a public client":        {"client_assertion", fresh(c.ID), "client_id", public.ID},
				"no type":                          {"client_assertion", fresh(c.ID), "client_assertion_type", ""},
				"the type of SAML":                 {"client_assertion", fresh(c.ID), "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
				"the type in upper case":           {"client_assertion", fresh(c.ID), "client_assertion_type", strings.ToUpper(assertionType)},
				"the type alone":                   {"client_assertion", "", "client_id", c.ID},
			} {
				require.False(t, passes(t, w.assert(path, form[1], form...)), "%s at %s", name, path)
			}
			form := params(endpoints[path], "client_assertion", fresh(c.ID), "client_assertion_type", assertionType)
			for _, header := range []string{basicText(bySecret.ID + ":" + secret), "Bearer x", ""} {
				requireError(t, w.post(path, form, authorization(header), fromElsewhere()), http.StatusBadRequest, invalidRequest)
			}
			for _, also := range []string{"x", secret} {
				requireError(t, w.post(path, params(form, "client_secret", also), anonymous, fromElsewhere()), http.StatusBadRequest, invalidRequest)
			}
			require.True(t, passes(t, w.post(path, form, anonymous, fromElsewhere())), "the assertion was not used up")
			form["client_assertion"] = append(form["client_assertion"], fresh(c.ID))
			requireError(t, w.post(path, form, anonymous), http.StatusBadRequest, invalidRequest)
		}
	})
}
