package provider

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage/audit"
)

func authorization(values ...string) func(*http.Request) {
	return func(r *http.Request) {
		for _, value := range values {
			r.Header.Add("Authorization", value)
		}
	}
}

func basicText(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }

// endpoints are those at which clients authenticate, each with a form that a client could send.
var endpoints = map[string]url.Values{
	"/oauth2/token":      {"grant_type": {"refresh_token"}, "refresh_token": {"pst_rt_x"}},
	"/oauth2/revoke":     {"token": {"pst_rt_x"}},
	"/oauth2/introspect": {"token": {"pst_rt_x"}},
}

// passes reports whether the client was authenticated.
func passes(t *testing.T, a answer) bool {
	t.Helper()
	if a.Code == http.StatusUnauthorized {
		requireError(t, a, http.StatusUnauthorized, invalidClient)
		require.Equal(t, `Basic realm="postern"`, a.Header().Get("WWW-Authenticate"))
		return false
	}
	require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, a.Code, a.Body.String())
	return true
}

func TestClientAuthentication(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		post, postSecret := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.AuthMethod = []string{callback}, client.AuthPost
		})
		basic, basicSecret := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.AuthMethod = []string{callback}, client.AuthBasic
		})
		public := w.at(client.SPA, callback)
		disabled, disabledSecret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs = []string{callback} })
		require.NoError(t, w.clients.Disable(t.Context(), disabled.ID, operator, time.Now()))
		id, secret := w.web.ID, w.secret
		encoded := func(text string) string { return basicText(text) }
		for name, tc := range map[string]struct {
			header []string
			form   []string
			want   bool
		}{
			"basic":                     {[]string{encoded(id + ":" + secret)}, nil, true},
			"basic, scheme in any case": {[]string{"bAsIc" + encoded(id + ":" + secret)[5:]}, nil, true},
			"basic and the same id":     {[]string{encoded(id + ":" + secret)}, []string{"client_id", id}, true},
			"basic, percent-encoded":    {[]string{encoded("%" + strconv.FormatInt(int64(id[0]), 16) + id[1:] + ":" + secret)}, nil, true},
			"basic alone":               {[]string{encoded(basic.ID + ":" + basicSecret)}, nil, true},
			"post, registered for both": {nil, []string{"client_id", id, "client_secret", secret}, true},
			"post":                      {nil, []string{"client_id", post.ID, "client_secret", postSecret}, true},

			"nothing":                     {nil, nil, false},
			"an id only":                  {nil, []string{"client_id", id}, false},
			"a wrong secret":              {[]string{encoded(id + ":" + secret + "x")}, nil, false},
			"a shorter secret":            {[]string{encoded(id + ":" + secret[:len(secret)-1])}, nil, false},
			"no secret":                   {[]string{encoded(id + ":")}, nil, false},
			"the secret of another":       {[]string{encoded(id + ":" + postSecret)}, nil, false},
			"an unknown client":           {[]string{encoded("unknown:" + secret)}, nil, false},
			"a disabled client":           {[]string{encoded(disabled.ID + ":" + disabledSecret)}, nil, false},
			"basic, registered for post":  {[]string{encoded(post.ID + ":" + postSecret)}, nil, false},
			"post, registered for basic":  {nil, []string{"client_id", basic.ID, "client_secret", basicSecret}, false},
			"a wrong secret by post":      {nil, []string{"client_id", id, "client_secret", secret + "x"}, false},
			"basic and another id":        {[]string{encoded(id + ":" + secret)}, []string{"client_id", post.ID}, false},
			"a public client with secret": {nil, []string{"client_id", public.ID, "client_secret", "x"}, false},
			"public, any secret by basic": {[]string{encoded(public.ID + ":x")}, nil, false},
			"public, another id by basic": {[]string{encoded(public.ID + ":")}, []string{"client_id", id}, false},
			"another public id by post":   {[]string{encoded(id + ":")}, []string{"client_id", public.ID}, false},
			"an assertion":                {nil, []string{"client_id", id, "client_assertion", "a.b.c", "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, false},
			"a bearer token":              {[]string{"Bearer " + secret}, nil, false},
			"a bearer token and an id":    {[]string{"Bearer x"}, []string{"client_id", public.ID}, false},
			"an empty header":             {[]string{""}, nil, false},
			"no credentials":              {[]string{"Basic"}, nil, false},
			"bad base64":                  {[]string{"Basic !!!"}, nil, false},
			"base64 of the web":           {[]string{"Basic " + base64.RawURLEncoding.EncodeToString([]byte(id+":"+secret+"?"))}, nil, false},
			"two spaces":                  {[]string{strings.Replace(encoded(id+":"+secret), " ", "  ", 1)}, nil, false},
			"no colon":                    {[]string{encoded(id)}, nil, false},
			"an encoded colon":            {[]string{encoded(id + "%3A" + secret)}, nil, false},
			"no id":                       {[]string{encoded(":" + secret)}, nil, false},
			"a raw percent sign":          {[]string{encoded(id + ":%" + secret)}, nil, false},
			"a plus is a space":           {[]string{encoded(id + ":+" + secret)}, nil, false},
			"a colon behind":              {[]string{encoded(id + ":" + secret + ":")}, nil, false},
			"invalid UTF-8":               {[]string{encoded(id + "\xff:" + secret)}, nil, false},
			"a NUL":                       {[]string{encoded(id + "\x00:" + secret)}, nil, false},
			"an encoded NUL":              {[]string{encoded(id + "%00:" + secret)}, nil, false},
			"64 KiB":                      {[]string{encoded(id + ":" + strings.Repeat("x", 64<<10))}, nil, false},
			"SQL":                         {[]string{encoded("' OR 1=1 --:" + secret)}, nil, false},
			"headers of a proxy":          {nil, []string{"client_id", id}, false},
		} {
			for path, form := range endpoints {
				a := w.post(path, params(form, tc.form...), authorization(tc.header...), func(r *http.Request) {
					r.RemoteAddr = fmt.Sprintf("[2001:db8:%x::1]:443", crc32.ChecksumIEEE([]byte(name+path))>>16) // a new address, so that no limit is reached
					r.Header.Set("X-SSL-Client-Cert", id)
					r.Header.Set("X-Forwarded-Client-Cert", id)
					r.Header.Set("X-Client-Verify", "SUCCESS")
				})
				require.Equal(t, tc.want, passes(t, a), "%s at %s: %s", name, path, a.Body.String())
				require.NotContains(t, a.Body.String(), secret)
			}
		}
		require.NotContains(t, w.log.String(), secret)
	})
}

// RFC 6749 section 2.3.1: a client without a secret has the empty one, which oidc-agent and others send by Basic.
func TestPublicClientByBasicWithAnEmptySecret(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public := w.at(client.SPA, callback)
		byBasic := authorization(basicText(public.ID + ":"))
		form := url.Values{"grant_type": {"authorization_code"}, "code": {w.code(public)}, "redirect_uri": {callback}, "code_verifier": {verifier}}
		requireTokens(t, w.post("/oauth2/token", form, byBasic))
		require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", endpoints["/oauth2/revoke"], byBasic).Code)
		require.False(t, passes(t, w.post("/oauth2/introspect", endpoints["/oauth2/introspect"], byBasic)), "only clients that authenticate may ask")
		form.Set("code", w.code(public))
		require.False(t, passes(t, w.post("/oauth2/token", form, authorization(basicText(public.ID+":x")))))
		requireError(t, w.post("/oauth2/token", params(form, "code_verifier", ""), byBasic), http.StatusBadRequest, invalidGrant)
	})
}

// A client must not use two methods in one request (RFC 6749 sections 2.3 and 5.2).
func TestClientAuthenticatesInOneWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		basic, assertion := basicText(w.web.ID+":"+w.secret), jwttest.Sign(t, "ES256", jwttest.Keys()["ES256"], "", claimsOf(w.web.ID, time.Now()))
		for name, tc := range map[string]struct{ header, form []string }{
			"header and body":         {[]string{basic}, []string{"client_secret", w.secret}},
			"header and body with id": {[]string{basic}, []string{"client_id", w.web.ID, "client_secret", w.secret}},
			"header and assertion":    {[]string{basic}, []string{"client_assertion", assertion, "client_assertion_type", assertionType}},
			"header and its type":     {[]string{basic}, []string{"client_assertion_type", assertionType}},
			"secret and assertion":    {nil, []string{"client_id", w.web.ID, "client_secret", w.secret, "client_assertion", assertion, "client_assertion_type", assertionType}},
			"two headers":             {[]string{basic, basic}, nil},
			"all of them":             {[]string{basic}, []string{"client_secret", w.secret, "client_assertion", assertion, "client_assertion_type", assertionType}},
		} {
			for _, path := range []string{"/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/par", "/oauth2/device_authorization"} {
				a := w.post(path, params(endpoints[path], tc.form...), authorization(tc.header...))
				requireError(t, a, http.StatusBadRequest, invalidRequest)
				require.Contains(t, a.body["error_description"], "more than one way", name)
			}
		}
	})
}

// RFC 7662 section 2.1: introspection requires authentication, so public clients cannot use it. At the other endpoints, the id of a public client is
// enough.
func TestPublicClientAuthentication(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		public := w.at(client.SPA, callback)
		for path, form := range endpoints {
			a := w.post(path, params(form, "client_id", public.ID), anonymous)
			require.Equal(t, path != "/oauth2/introspect", passes(t, a), path)
		}
	})
}

// A client that is registered for private_key_jwt cannot fall back to a weaker method.
func TestClientWithAKeyHasNoOtherMethod(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key, err := w.keySet().Keys[0].MarshalJSON()
		require.NoError(t, err)
		c, secret := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.AuthMethod, m.JWKS = []string{callback}, client.AuthPrivateKey, []byte(`{"keys":[`+string(key)+`]}`)
		})
		require.Empty(t, secret)
		for path, form := range endpoints {
			require.False(t, passes(t, w.post(path, params(form, "client_id", c.ID), anonymous)))
			require.False(t, passes(t, w.post(path, form, authorization(basicText(c.ID+":")))))
			require.False(t, passes(t, w.post(path, params(form, "client_id", c.ID, "client_secret", "x"), anonymous)))
		}
	})
}

func TestClientSecretOf80Bytes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret := strings.Repeat("x", 72) + "12345678"
		m := client.Defaults(client.Web)
		m.Name, m.RedirectURIs = "Long", []string{callback}
		c, _, err := w.clients.Add(t.Context(), client.Registration{Secret: secret, Metadata: m}, operator, time.Now())
		require.NoError(t, err)
		form := endpoints["/oauth2/revoke"]
		require.True(t, passes(t, w.post("/oauth2/revoke", form, authorization(basicText(c.ID+":"+secret)))))
		require.False(t, passes(t, w.post("/oauth2/revoke", form, authorization(basicText(c.ID+":"+secret[:72]+"00000000")))))
	})
}

func TestRotatedClientSecret(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		fresh, err := w.clients.RotateSecret(t.Context(), w.web.ID, time.Hour, operator, time.Now())
		require.NoError(t, err)
		form := endpoints["/oauth2/revoke"]
		for _, secret := range []string{fresh, w.secret} {
			require.True(t, passes(t, w.post("/oauth2/revoke", form, authorization(basicText(w.web.ID+":"+secret)))))
		}
		_, err = w.clients.RotateSecret(t.Context(), w.web.ID, 0, operator, time.Now())
		require.NoError(t, err)
		require.False(t, passes(t, w.post("/oauth2/revoke", form, authorization(basicText(w.web.ID+":"+fresh)))))
	})
}

// Neither the answer nor the audit entry reveals whether a client exists.
func TestRefusedClientsLookAlike(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		form := endpoints["/oauth2/token"]
		unknown := w.post("/oauth2/token", form, authorization(basicText("unknown:"+w.secret)))
		wrong := w.post("/oauth2/token", form, authorization(basicText(w.web.ID+":wrong")))
		require.Equal(t, unknown.Code, wrong.Code)
		require.Equal(t, unknown.Body.String(), wrong.Body.String())
		require.Equal(t, unknown.Header(), wrong.Header())
		require.Equal(t, 2, w.events(audit.ClientRefused))
	})
}

func TestClientSecretInTheQuery(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		post, secret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs, m.AuthMethod = []string{callback}, client.AuthPost })
		for path, form := range endpoints {
			query := "?" + url.Values{"client_id": {post.ID}, "client_secret": {secret}}.Encode()
			requireError(t, w.post(path+query, form, anonymous), http.StatusBadRequest, invalidRequest)
			requireError(t, w.post(path+query, params(form, "client_id", post.ID, "client_secret", secret), anonymous), http.StatusBadRequest, invalidRequest)
		}
		require.NotContains(t, w.log.String(), secret)
	})
}
