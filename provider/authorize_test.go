package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

var operator = audit.Operator()

// ownAddress matches links from a page to itself in another language.
var ownAddress = regexp.MustCompile(`href="\?[^"]*"`)

func TestAuthorizeWithoutAClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		disabled, _ := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs = []string{callback} })
		require.NoError(t, w.clients.Disable(t.Context(), disabled.ID, operator, time.Now()))
		removed, _ := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs = []string{callback} })
		require.NoError(t, w.clients.Remove(t.Context(), removed.ID, operator, time.Now()))
		var pages []string
		for name, form := range map[string]url.Values{
			"unknown":         w.request(w.web, "client_id", "unknown"),
			"wild":            w.request(w.web, "client_id", "'; DROP TABLE clients; --"),
			"disabled":        w.request(disabled),
			"removed":         w.request(removed),
			"and prompt=none": w.request(w.web, "client_id", "unknown", "prompt", "none"),
		} {
			a := w.authorize(form)
			requirePage(t, a, http.StatusBadRequest, "Unknown app")
			require.NotContains(t, a.Body.String(), "DROP TABLE", name)
			pages = append(pages, ownAddress.ReplaceAllString(a.Body.String(), ""))
		}
		for _, page := range pages {
			require.Equal(t, pages[0], page, "all look the same")
		}
		for _, form := range []url.Values{w.request(w.web, "client_id", ""), {}} {
			requirePage(t, w.authorize(form), http.StatusBadRequest, "client_id is missing")
		}
	})
}

func TestAuthorizeResponseType(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.authorize(w.request(w.web, "response_type", ""))
		requireRefusal(t, a, callback, invalidRequest)
		require.Equal(t, "the state", a.query.Get("state"))
		for _, kind := range []string{
			"token", "id_token", "code token", "code id_token", "code id_token token", "id_token token", "none", "CODE", "code code", " code", "bogus",
		} {
			a := w.authorize(w.request(w.web, "response_type", kind))
			requireRefusal(t, a, callback, unsupportedResponseType)
			require.NotContains(t, a.location.String(), "token=", kind)
		}
		for _, mode := range []string{"query.jwt", "jwt", "QUERY", "query fragment"} {
			requireRefusal(t, w.authorize(w.request(w.web, "response_mode", mode)), callback, invalidRequest)
		}
		require.NotEmpty(t, w.code(w.web, "response_mode", "query"))
	})
}

// RFC 6749 section 3.1: unknown parameters are ignored, and a parameter without a value counts as omitted.
func TestAuthorizeIgnores(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, extra := range []url.Values{
			{"unknown": {"<script>"}},
			{"state": {""}, "nonce": {""}},
			{"ui_locales": {strings.Repeat("de-AT ", 1000)}, "claims_locales": {"<b>"}, "display": {"<b>"}},
			{"login_hint": {"<script>alert(1)</script>"}},
			{"resource": {"https://api.example.test"}, "audience": {"other"}},
			{"redirect_uris": {"https://evil.example.test"}, "flow": {"x"}},
		} {
			form := w.request(w.web)
			for name, values := range extra {
				form[name] = values
			}
			a := w.authorize(form)
			require.Equal(t, http.StatusSeeOther, a.Code, "%v: %s", extra, a.Body.String())
			require.NotEmpty(t, a.query.Get("code"), extra)
		}
	})
}

func TestAuthorizeState(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.authorize(w.request(w.web, "state", "", "nonce", ""))
		require.NotEmpty(t, a.query.Get("code"))
		require.False(t, a.query.Has("state"))
		for _, state := range []string{
			"x", strings.Repeat("s", 2000), "a\r\nSet-Cookie: a=b", `"<'>&=%+;#/?`, "🦆", " leading and trailing ", "a+b", "%0d%0a", "\t",
		} {
			for _, form := range []url.Values{w.request(w.web, "state", state), w.request(w.web, "state", state, "scope", "unknown")} {
				a := w.authorize(form)
				require.Equal(t, http.StatusSeeOther, a.Code)
				require.Equal(t, state, a.query.Get("state"))
				require.Len(t, a.Header().Values("Location"), 1)
				require.NotContains(t, a.Header().Get("Location"), "\n")
				require.Empty(t, a.Header().Get("Set-Cookie"))
			}
		}
	})
}

// OIDC Core section 3.1.2.1: POST works like GET. A repeated parameter counts as not sent, whether it is in the query or in the body.
func TestAuthorizeByPost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		form := w.request(w.web)
		a := w.post("/oauth2/auth", form, anonymous)
		require.Equal(t, http.StatusSeeOther, a.Code)
		require.NotEmpty(t, a.query.Get("code"))

		a = w.post("/oauth2/auth?"+url.Values{"scope": form["scope"], "state": form["state"]}.Encode(), params(form, "scope", "", "state", ""), anonymous)
		require.NotEmpty(t, a.query.Get("code"), "part in the query")

		for _, scope := range []string{form.Get("scope"), "openid"} {
			a = w.post("/oauth2/auth?"+url.Values{"scope": {scope}}.Encode(), form, anonymous)
			requireRefusal(t, a, callback, invalidRequest)
			require.Equal(t, "The parameter scope is sent more than once.", a.query.Get("error_description"))
		}
		a = w.post("/oauth2/auth?state=1", form, anonymous)
		requireRefusal(t, a, callback, invalidRequest)
		require.False(t, a.query.Has("state"), "it is not clear which state is right")
		for _, name := range []string{"client_id", "redirect_uri"} {
			a = w.post("/oauth2/auth?"+url.Values{name: form[name]}.Encode(), form, anonymous)
			requirePage(t, a, http.StatusBadRequest, "The parameter "+name+" is sent more than once.")
		}
	})
}

func TestAuthorizeRepeatedParameters(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		base := w.request(w.web)
		for name := range base {
			query := base.Encode() + "&" + url.Values{name: base[name]}.Encode()
			a := w.do(httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+query, nil))
			if name == "client_id" || name == "redirect_uri" {
				requirePage(t, a, http.StatusBadRequest, "sent more than once")
			} else {
				requireRefusal(t, a, callback, invalidRequest)
			}
		}
		for _, name := range []string{"prompt", "max_age", "claims", "unknown"} {
			query := base.Encode() + "&" + name + "=1&" + name + "=1"
			requireRefusal(t, w.do(httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+query, nil)), callback, invalidRequest)
		}
	})
}

func TestAuthorizeMethods(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodTrace, http.MethodConnect, http.MethodPatch, http.MethodOptions} {
			r := httptest.NewRequest(http.MethodGet, "/oauth2/auth?"+w.request(w.web).Encode(), nil)
			r.Method = method
			a := w.do(r)
			require.Equal(t, http.StatusMethodNotAllowed, a.Code, method)
			require.Nil(t, a.location, method)
		}
	})
}

// A request object could replace all parameters in the query; a request_uri would make this server fetch a URL that somebody else chooses.
func TestAuthorizeRefusesRequestObjects(t *testing.T) {
	fetched := false
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched = true }))
	t.Cleanup(canary.Close)
	each(t, func(t *testing.T, w *world) {
		inside := jwttest.Compact(t, map[string]any{"alg": "none"}, map[string]any{"redirect_uri": "https://evil.example.test/", "client_id": "other", "scope": "groups"}, nil)
		requireRefusal(t, w.authorize(w.request(w.web, "request", inside)), callback, requestNotSupported)
		for _, uri := range []string{
			canary.URL, "file:///etc/passwd", "ftp://example.test/", "http://169.254.169.254/", "urn:example:x",
		} {
			requireRefusal(t, w.authorize(w.request(w.web, "request_uri", uri)), callback, requestURINotSupported)
		}
		requireRefusal(t, w.authorize(w.request(w.web, "registration", "{}")), callback, registrationNotSupported)
	})
	require.False(t, fetched)
}

func TestAuthorizeScope(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		narrow, narrowSecret := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent, m.Scopes = []string{callback}, client.ConsentSkip, []string{"openid", "orders:read"}
		})
		// Nothing is left of the scope parameter, and the description says of what, in the characters that it may contain.
		for scope, named := range map[string]string{
			"profile": "profile", "profile roles": "profile roles", "OPENID": "OPENID", "orders:*": "orders:*", "orders": "orders",
			"orders:read:all": "orders:read:all", "a\"b\\c é": "abc ", strings.Repeat("x", 31) + " pst_rt_" + strings.Repeat("y", 40): strings.Repeat("x", 31) + " ",
		} {
			a := w.authorize(w.request(narrow, "scope", scope))
			requireRefusal(t, a, callback, invalidScope)
			require.Equal(t, "Every scope is unknown or the client is not registered for it. Asked for: "+named, a.query.Get("error_description"))
			a = w.post("/oauth2/par", w.request(narrow, "scope", scope), authorization(basicText(narrow.ID+":"+narrowSecret)))
			requireError(t, a, http.StatusBadRequest, invalidScope)
			require.Contains(t, a.body["error_description"], "Asked for: "+named)
		}
		requireRefusal(t, w.authorize(w.request(narrow, "scope", "openid\x00")), callback, invalidRequest)
		a := w.authorize(w.request(narrow, "scope", ""))
		requireRefusal(t, a, callback, invalidScope)
		require.Equal(t, "The parameter scope is missing.", a.query.Get("error_description"))

		w.web, w.secret = narrow, narrowSecret
		for scope, granted := range map[string]string{
			"openid profile": "openid", "openid OpenID": "openid", "roles orders:read email openid unknown": "orders:read openid", "openid  orders:read openid": "openid orders:read",
		} {
			for _, code := range []string{w.code(narrow, "scope", scope), w.authorize(pushed(narrow, w.push(w.request(narrow, "scope", scope)))).query.Get("code")} {
				tokens := w.redeem(code)
				access := requireTokens(t, tokens)
				require.Equal(t, granted, tokens.body["scope"])
				require.Equal(t, []string{"sub"}, keysOf(w.userinfo(access).body))
			}
		}
	})
}

// RFC 6749 section 4.2.2: an access token that comes through the browser comes with its scope if that is less than what was asked for.
func TestScopeOfTheFrontChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.hybrid()
		got := w.send(c, "code id_token token", "", "scope", "openid roles email")
		require.Equal(t, "openid email", got.Get("scope"))
		require.False(t, w.send(c, "code id_token", "", "scope", "openid roles email").Has("scope"))
		require.False(t, w.send(c, "id_token token", "", "scope", "email openid").Has("scope"))
	})
}

// People are asked for what the app gets, not for all that it named.
func TestConsentIsAboutWhatIsGranted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.web, w.secret = w.asking(client.Web, callback)
		w.change(w.web, func(m *client.Metadata) { m.Scopes = []string{"openid", "email"} })
		_, flow := w.begin(w.request(w.web, "scope", "openid roles email phone"))
		require.Equal(t, storage.Access{Scopes: []string{"openid", "email"}}, w.agreeToAll(flow))
		w.change(w.web, func(m *client.Metadata) { m.Scopes = []string{"openid", "email", "phone"} })
		a := w.resume(flow)
		require.NotContains(t, a.Header().Get("Location"), "code=", "the phone number was not asked about")
		require.Equal(t, storage.Access{Scopes: []string{"openid", "email", "phone"}}, w.agreeToAll(flow))
		tokens := w.redeem(w.resume(flow).query.Get("code"))
		requireTokens(t, tokens)
		require.Equal(t, "openid email phone", tokens.body["scope"])
	})
}

func TestAuthorizeAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.authorize(w.request(w.web))
		require.Equal(t, http.StatusSeeOther, a.Code, "the browser must not post the form to the client")
		require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
		require.Equal(t, "no-referrer", a.Header().Get("Referrer-Policy"))
		require.Empty(t, a.Header().Get("Access-Control-Allow-Origin"))
		require.NotContains(t, w.log.String(), a.query.Get("code"))
		requireRefusal(t, w.authorize(w.request(w.web, "scope", "unknown")), callback, invalidScope)

		withQuery, _ := w.register(client.Web, func(m *client.Metadata) {
			m.RedirectURIs, m.Consent = []string{callback + "?a=1&code=mine"}, client.ConsentSkip
		})
		for _, form := range []url.Values{w.request(withQuery), w.request(withQuery, "scope", "unknown")} {
			a := w.authorize(form)
			require.True(t, strings.HasPrefix(a.location.String(), callback+"?a=1&code=mine&"), a.location.String())
			require.Len(t, a.query["state"], 1)
			require.Len(t, a.query["iss"], 1)
		}
	})
}

func TestAuthorizeWithoutASignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.browser.session = nil
		requireRefusal(t, w.authorize(w.request(w.web, "prompt", "none")), callback, loginRequired)
		half := w.beginSignIn(time.Now())
		w.browser.session = half.TokenHash // the password was right, but the code is missing
		requireRefusal(t, w.authorize(w.request(w.web, "prompt", "none")), callback, loginRequired)
		a := w.authorize(w.request(w.web))
		require.Equal(t, http.StatusSeeOther, a.Code)
		require.True(t, strings.HasPrefix(a.location.String(), issuer+"/login?flow="))
	})
}
