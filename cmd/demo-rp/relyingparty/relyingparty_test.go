package relyingparty

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigIsChecked(t *testing.T) {
	valid := Config{Issuer: "https://id.example", ClientID: "demo", BaseURL: "https://app.example"}
	_, err := New(valid)
	require.NoError(t, err)
	for name, change := range map[string]func(*Config){
		"no issuer":           func(c *Config) { c.Issuer = "" },
		"no client ID":        func(c *Config) { c.ClientID = "" },
		"no base URL":         func(c *Config) { c.BaseURL = "" },
		"base URL with path":  func(c *Config) { c.BaseURL += "/app" },
		"base URL ends in /":  func(c *Config) { c.BaseURL += "/" },
		"base URL no website": func(c *Config) { c.BaseURL = "ftp://app.example" },
		"base URL no URL":     func(c *Config) { c.BaseURL = "http://[" },
	} {
		t.Run(name, func(t *testing.T) {
			config := valid
			change(&config)
			_, err := New(config)
			require.Error(t, err)
		})
	}
}

func TestSignIn(t *testing.T) {
	b := newBrowser(t, newOP(t))
	require.Contains(t, b.page(), `<a class="button large" href="/signin">Sign in with Postern</a>`)

	request := b.begin("")
	require.Equal(t, "demo", request.Get("client_id"))
	require.Equal(t, "code", request.Get("response_type"))
	require.Equal(t, "http://app.test/callback", request.Get("redirect_uri"))
	require.Equal(t, "openid profile email offline_access", request.Get("scope"))
	require.Equal(t, "S256", request.Get("code_challenge_method"))
	require.NotEmpty(t, request.Get("nonce"))
	require.False(t, request.Has("prompt"))

	before := b.id
	require.Equal(t, http.StatusSeeOther, b.answer(request, nil).Code)
	require.NotEqual(t, before, b.id, "an id from before the sign-in is useless after it")

	page := b.page()
	require.Contains(t, page, "Ada &lt;Example&gt;")
	require.Contains(t, page, "ada@example.test")
	require.Contains(t, page, "2023-11-14 22:13:20 UTC (1700000000)")
	require.Contains(t, page, "pwd, otp, mfa")
	require.Contains(t, page, "urn:example:mfa")
	require.Regexp(t, `<code id="raw">eyJ[\w-]+\.[\w-]+\.[\w-]+</code>`, page)

	require.Equal(t, "login", b.begin("?prompt=login").Get("prompt"))
	require.Contains(t, b.page(), "ada@example.test", "still signed in while signing in again")

	b.id = before
	require.NotContains(t, b.page(), "ada@example.test")
}

func TestSignOutForgetsTheSession(t *testing.T) {
	b := newBrowser(t, newOP(t))
	b.signIn()
	id := b.id
	w := b.do("POST", "/signout")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Less(t, w.Result().Cookies()[0].MaxAge, 0)
	b.id = id
	require.NotContains(t, b.page(), "ada@example.test")
}

func TestPublicClientSendsNoSecret(t *testing.T) {
	p := newOP(t)
	b := newBrowser(t, p)
	var err error
	b.app, err = New(Config{Issuer: p.URL, ClientID: "demo", BaseURL: "http://app.test"})
	require.NoError(t, err)
	b.answer(b.begin(""), nil)
	require.Equal(t, "demo", p.requests[0].Get("client_id"))
	require.False(t, p.requests[0].Has("client_secret"))
}

func TestProviderMayStartLater(t *testing.T) {
	p := newOP(t)
	p.up = false
	b := newBrowser(t, p)
	require.Contains(t, b.page(), "Sign in with Postern")
	w := b.do("GET", "/signin")
	require.Equal(t, http.StatusBadGateway, w.Code)
	require.Contains(t, w.Body.String(), "The provider does not answer")
	p.up = true
	b.signIn()
	require.Contains(t, b.page(), "ada@example.test")
}

func TestHeadersAndCookie(t *testing.T) {
	b := newBrowser(t, newOP(t))
	for _, target := range []string{"/", "/nowhere", "/callback?state=x", "/assets/app.css", "/assets/icon.svg", "/favicon.ico"} {
		w := b.do("GET", target)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'", target)
		require.NotRegexp(t, regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son\w+=`), w.Body.String(), target)
	}
	require.Equal(t, http.StatusNotFound, b.do("GET", "/nowhere").Code)
	require.Equal(t, http.StatusNotFound, b.do("GET", "/assets/").Code, "no listing")

	cookie := b.do("GET", "/signin").Result().Cookies()[0]
	require.Equal(t, "demo_app", cookie.Name)
	require.True(t, cookie.HttpOnly)
	require.False(t, cookie.Secure, "the base URL is http")
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	b.app.secure = true
	require.True(t, b.app.cookie("x", 0).Secure)
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	b := newBrowser(t, newOP(t))
	b.signIn()
	for _, target := range []string{"/signout", "/refresh"} {
		r := httptest.NewRequest("POST", "http://app.test"+target, nil)
		r.Header.Set("Origin", "http://evil.test")
		r.AddCookie(&http.Cookie{Name: cookieName, Value: b.id})
		w := httptest.NewRecorder()
		b.app.ServeHTTP(w, r)
		require.Equal(t, http.StatusForbidden, w.Code)
	}
	require.Contains(t, b.page(), "ada@example.test")
}

func TestSessionsAreBounded(t *testing.T) {
	all := newSessions()
	first := all.add(&session{})
	for range maxSessions {
		all.add(&session{})
	}
	_, ok := all.get(first)
	require.False(t, ok, "the oldest is forgotten")
	require.Len(t, all.byID, maxSessions)
	last := all.order[len(all.order)-1]
	all.remove(last)
	all.remove(last)
	require.Len(t, all.byID, maxSessions-1)
	require.Len(t, all.order, maxSessions-1)

	s := &session{}
	oldest := newAttempt()
	s.begin(oldest)
	for range maxAttempts {
		s.begin(newAttempt())
	}
	_, ok = s.take(oldest.state)
	require.False(t, ok)
	require.Len(t, s.attempts, maxAttempts)
}

func TestClaimsAreShownForPeople(t *testing.T) {
	rows := claims{
		"zebra":     []byte(`{ "b": [1, 2] }`),
		"aud":       []byte(`["demo","other"]`),
		"sub":       []byte(`"ada"`),
		"auth_time": []byte(`"soon"`),
		"exp":       []byte(`1.5`),
	}.view()
	var shown []string
	for _, row := range rows {
		shown = append(shown, row.Name+"="+row.Value)
	}
	require.Equal(t, "sub=ada auth_time=soon aud=demo, other exp=1.5 zebra={\"b\":[1,2]}", strings.Join(shown, " "))
	require.NotEmpty(t, rows[0].Meaning)
	require.Empty(t, rows[4].Meaning)
}
