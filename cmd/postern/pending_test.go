package main

import (
	"crypto/rand"
	"database/sql"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

// routeRequests has every route of the public listener, with parameters that would have an effect for somebody who is signed in. A missing
// route fails the test, so that every new route is tried here.
func routeRequests(clientID string) map[string]url.Values {
	authorize := authorizeParams(clientID)
	return map[string]url.Values{
		"GET /livez": nil, "GET /readyz": nil,
		"GET /": nil, "GET /assets/:file": nil, "GET /favicon.ico": nil,
		"GET /.well-known/openid-configuration":       nil,
		"GET /.well-known/oauth-authorization-server": nil,
		"GET /.well-known/jwks.json":                  nil,
		"GET /oauth2/auth":                            authorize, "POST /oauth2/auth": authorize,
		"POST /oauth2/token": {"grant_type": {"authorization_code"}, "code": {"pst_ac_x"}, "code_verifier": {strings.Repeat("v", 43)}},
		"GET /device":        {"user_code": {"BCDF-GHJK"}}, "POST /device": {"user_code": {"BCDF-GHJK"}, "decision": {"allow"}},
		"POST /oauth2/device_authorization": {"client_id": {clientID}, "scope": {"openid"}}, "OPTIONS /oauth2/device_authorization": nil,
		"POST /oauth2/par": authorize, "OPTIONS /oauth2/par": nil,
		"POST /oauth2/revoke": {"token": {"pst_rt_x"}}, "POST /oauth2/introspect": {"token": {"pst_at_x"}},
		"OPTIONS /oauth2/token": nil, "OPTIONS /oauth2/revoke": nil, "OPTIONS /oauth2/introspect": nil, "OPTIONS /userinfo": nil,
		"POST /oauth2/register": nil, "GET /oauth2/register/:id": nil, "PUT /oauth2/register/:id": nil, "DELETE /oauth2/register/:id": nil,
		"OPTIONS /oauth2/register": nil, "OPTIONS /oauth2/register/:id": nil,
		"GET /userinfo": nil, "POST /userinfo": {"access_token": {"pst_at_x"}},
		"GET /login": nil, "POST /login": {"username": {"ada"}, "password": {"wrong"}},
		"GET /login/code": nil, "POST /login/code": {"code": {"000000"}},
		"GET /login/recovery": nil, "POST /login/recovery": {"recovery_code": {"aaaaa-aaaaa"}},
		"GET /login/enroll": nil, "POST /login/enroll": {"code": {"000000"}},
		"GET /login/codes": nil, "POST /login/codes": {"saved": {"yes"}},
		"GET /login/cancel": nil, "POST /login/cancel": {},
		"GET /invite": {"ticket": {"a ticket"}}, "POST /invite": {"new_password": {"a long walk over the hills"}},
		"GET /account/profile": nil, "POST /account/profile": {"seen": {"0"}, "nickname": {"x"}},
		"GET /account/sessions": nil, "POST /account/sessions": {"others": {"yes"}},
		"GET /account/apps": nil, "POST /account/apps": {"client": {clientID}},
		"GET /account/activity": nil,
		"GET /account/data":     nil, "POST /account/data": nil,
		"GET /account/close": nil, "POST /account/close": {"understood": {"yes"}},
		"GET /account/closed": nil,
		"GET /logout":         nil, "POST /logout": nil,
		"GET /oauth2/logout": {"client_id": {clientID}, "state": {"x"}}, "POST /oauth2/logout": {"client_id": {clientID}, "confirm": {"yes"}},
		"GET /oauth2/check_session":       nil,
		"GET /account/authenticators":     nil,
		"GET /account/authenticators/new": {"replaces": {"an id"}}, "POST /account/authenticators/new": {"enrolment": {"an id"}, "code": {"000000"}},
		"GET /account/authenticators/rename": {"id": {"an id"}}, "POST /account/authenticators/rename": {"name": {"x"}},
		"GET /account/authenticators/remove": {"id": {"an id"}}, "POST /account/authenticators/remove": nil,
		"GET /account/codes": nil, "POST /account/codes": nil,
		"GET /account/codes/new": nil, "POST /account/codes/new": {"saved": {"yes"}, "set": {"an id"}},
		"GET /account": nil, "GET /.well-known/change-password": nil,
		"GET /account/password": nil, "POST /account/password": {"password": {adaPassword}, "new_password": {"a long walk over the hills"}},
		"GET /account/email": nil, "POST /account/email": {"do": {"change"}, "email": {"eve@example.test"}},
		"GET /login/password": nil, "POST /login/password": {"new_password": {"a long walk over the hills"}},
		"GET /login/enroll/link": nil, "POST /login/enroll/link": nil,
		"GET /register": nil, "POST /register": {"email": {"eve@example.test"}, "name": {"Eve"}}, "GET /register/sent": nil,
		"GET /verify": {"ticket": {"a ticket"}}, "POST /verify": {"new_password": {"a long walk over the hills"}}, "GET /verify/done": nil,
		"GET /reset": nil, "POST /reset": {"username": {"ada"}}, "GET /reset/sent": nil, "GET /reset/done": nil,
		"GET /reset/not-me": {"ticket": {"a ticket"}}, "POST /reset/not-me": nil,
		"GET /reset/new": {"ticket": {"a ticket"}}, "POST /reset/new": {"new_password": {"a long walk over the hills"}},
		"GET /consent": nil, "POST /consent": {"decision": {"allow"}},
	}
}

func authorizeParams(clientID string) url.Values {
	return url.Values{
		"client_id": {clientID}, "redirect_uri": {"http://localhost:4281/callback"}, "response_type": {"code"}, "scope": {"openid"},
		"code_challenge": {strings.Repeat("c", 43)}, "code_challenge_method": {"S256"},
	}
}

// grantRequests are all grant types in use anywhere, with what a browser in the middle of a sign-in could send for each.
var grantRequests = map[string]url.Values{
	"authorization_code": {"code": {"pst_ac_x"}}, "refresh_token": {"refresh_token": {"pst_rt_x"}}, "client_credentials": {},
	"password": {"username": {"ada"}, "password": {adaPassword}},
	"urn:ietf:params:oauth:grant-type:device_code":    {"device_code": {"x"}},
	"urn:ietf:params:oauth:grant-type:jwt-bearer":     {"assertion": {"x"}},
	"urn:ietf:params:oauth:grant-type:saml2-bearer":   {"assertion": {"x"}},
	"urn:ietf:params:oauth:grant-type:token-exchange": {"subject_token": {"x"}},
	"urn:openid:params:grant-type:ciba":               {"auth_req_id": {"x"}},
}

// TestNothingWithTheCodePending asks every route and every grant for something in a browser in which only the password was right, with a
// flow in progress and without, and in one in which only the last step of an enrolment is missing: no session, code or token results. Where
// each request leads is in the table of package login.
func TestNothingWithTheCodePending(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		cfg := settings(t, db, "http://localhost:4280")
		cfg.ClientRegistration = "open"
		a := newTestAppOf(t, cfg)
		addAda(t, a)
		id, secret := addClient(t, a, client.Web, "http://localhost:4281/callback", func(m *client.Metadata) { m.Consent = client.ConsentSkip })
		rows := db.SQL(t)
		routes := a.public.(*gin.Engine).Routes()
		known := map[string]bool{}
		for _, route := range routes {
			name := strings.Replace(route.Method, "HEAD", "GET", 1) + " " + route.Path // HEAD is taken wherever GET is
			known[name] = true
			form, classified := routeRequests(id)[name]
			require.True(t, classified, "the route %s is not in the table", name)
			for _, withFlow := range []bool{false, true} {
				pending := newPending(t, a, id)
				answer := pending.send(route.Method, route.Path, form, withFlow)
				require.Less(t, answer.Code, 500, "%s: %s", name, answer.Body)
				pending.requireNothing(t, rows, name, answer)
			}
			if name != "POST /login/codes" { // which makes the factor
				pending := newUnfinished(t, a, id)
				answer := pending.send(route.Method, route.Path, form, true)
				require.Less(t, answer.Code, 500, "%s: %s", name, answer.Body)
				pending.requireNothing(t, rows, name, answer)
			}
		}
		require.Len(t, known, len(routeRequests(id)), "a route of the table is gone")
		for grant, form := range grantRequests {
			pending := newPending(t, a, id)
			form.Set("grant_type", grant)
			form.Set("client_id", id)
			form.Set("client_secret", secret)
			answer := pending.send("POST", "/oauth2/token", form, false)
			require.GreaterOrEqual(t, answer.Code, 400, "%s: %s", grant, answer.Body)
			require.Less(t, answer.Code, 500, "%s: %s", grant, answer.Body)
			pending.requireNothing(t, rows, grant, answer)
		}
	})
}

// pending returns a browser in which only the password was entered, in the middle of a flow.
type pending struct {
	a       *app
	user    string
	flow    string
	cookies []*http.Cookie
}

func newPending(t *testing.T, a *app, clientID string) pending {
	t.Helper()
	ada, err := a.store.Users.Find(t.Context(), "ada")
	require.NoError(t, err)
	_, err = a.store.Sessions.EndAll(t.Context(), ada.ID) // the number of half-done sign-ins is limited
	require.NoError(t, err)
	v := browsertest.NewVisitor(t, browsertest.InProcess{"localhost:4280": a.public})
	v.Open("http://localhost:4280/oauth2/auth?" + authorizeParams(clientID).Encode())
	v.Fill("username", "ada")
	v.Fill("password", adaPassword)
	v.Submit("Continue")
	at, err := url.Parse(v.URL())
	require.NoError(t, err)
	require.Equal(t, "/login/code", at.Path)
	p := pending{a: a, user: "ada", flow: at.Query().Get("flow")}
	for _, name := range []string{"postern_signin", "postern_browser"} {
		value := v.Cookie(name)
		require.NotEmpty(t, value, name)
		p.cookies = append(p.cookies, &http.Cookie{Name: name, Value: value})
		// The secret of a half-done sign-in does not work as a session, in whichever cookie it is sent.
		p.cookies = append(p.cookies, &http.Cookie{Name: "postern_session", Value: v.Cookie("postern_signin")})
	}
	return p
}

// newUnfinished returns a browser in which an invited person has confirmed an authenticator and sees the recovery codes.
func newUnfinished(t *testing.T, a *app, clientID string) pending {
	t.Helper()
	user, invitation, err := a.accounts.Operate.Add(t.Context(), identity.NewUser{Email: strings.ToLower(rand.Text()) + "@example.test"}, audit.Operator(), time.Now())
	require.NoError(t, err)
	v := browsertest.NewVisitor(t, browsertest.InProcess{"localhost:4280": a.public})
	v.Open("http://localhost:4280/oauth2/auth?" + authorizeParams(clientID).Encode())
	at, err := url.Parse(v.URL())
	require.NoError(t, err)
	v.Open(invitation.URL)
	v.Fill("new_password", adaPassword)
	v.Submit("Save and continue")
	uri := html.UnescapeString(regexp.MustCompile(`otpauth://[^"]+`).FindString(v.Body()))
	v.Fill("code", browsertest.Code(t, uri, time.Now()))
	v.Submit("Confirm")
	require.Equal(t, "http://localhost:4280/login/codes", v.URL())
	p := pending{a: a, user: user.ID, flow: at.Query().Get("flow")}
	for _, name := range []string{"postern_signin", "postern_browser", "postern_ticket"} {
		require.NotEmpty(t, v.Cookie(name), name)
		p.cookies = append(p.cookies, &http.Cookie{Name: name, Value: v.Cookie(name)}, &http.Cookie{Name: "postern_session", Value: v.Cookie(name)})
	}
	return p
}

func (p pending) send(method, path string, form url.Values, withFlow bool) *httptest.ResponseRecorder {
	path = strings.ReplaceAll(path, ":file", "postern.css")
	query := url.Values{}
	if withFlow {
		query.Set("flow", p.flow)
	}
	body := ""
	if method == http.MethodPost {
		body = form.Encode()
	} else if !withFlow || path != "/oauth2/auth" {
		for name, values := range form {
			query[name] = values
		}
	}
	r := httptest.NewRequest(method, "http://localhost:4280"+path+"?"+query.Encode(), strings.NewReader(body))
	if len(query) == 0 {
		r.URL.RawQuery = ""
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range p.cookies {
		r.AddCookie(cookie)
	}
	recorder := httptest.NewRecorder()
	p.a.public.ServeHTTP(recorder, r)
	return recorder
}

// requireNothing checks that neither the answer nor the database has a session, code or token.
func (p pending) requireNothing(t *testing.T, db *sql.DB, name string, answer *httptest.ResponseRecorder) {
	t.Helper()
	for _, cookie := range answer.Result().Cookies() {
		require.False(t, cookie.Name == "postern_session" && cookie.MaxAge >= 0 && cookie.Value != "", "%s sets a session", name)
		require.NotEqual(t, "postern_device", cookie.Name, "%s makes the browser a trusted one", name)
	}
	require.NotContains(t, answer.Header().Get("Location"), "code=", name)
	for _, prefix := range []string{"pst_ac_", "pst_at_", "pst_rt_", `"id_token":`} {
		require.NotContains(t, answer.Body.String(), prefix, name)
	}
	require.NotRegexp(t, `eyJ[A-Za-z0-9_-]+\.`, answer.Body.String(), name) // a signed token; a key of ours may hold the first three letters
	_, sessions, err := p.a.accounts.Operate.Sessions(t.Context(), p.user, time.Now())
	require.NoError(t, err)
	require.Empty(t, sessions, "%s left a session", name)
	var grants int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM grants`).Scan(&grants))
	require.Zero(t, grants, "%s left a grant", name)
	// Half-done sign-ins of strangers are limited.
	_, _, err = p.a.accounts.Operate.SignOut(t.Context(), p.user, audit.Operator(), time.Now())
	require.NoError(t, err)
}
