package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBrowserKeepsAndDropsCookies(t *testing.T) {
	cookies := [][]string{
		{"a=1; Path=/; HttpOnly", "b=2"},
		{"a=3", "b=; Max-Age=0", "c=4; SameSite=Lax"},
		nil,
	}
	var sent []string
	n := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Cookie"))
		w.Header()["Set-Cookie"] = cookies[n]
		n++
	})
	b := newBrowser(&target{}, c)
	for range cookies {
		_, err := b.do(http.MethodGet, "/", "")
		require.NoError(t, err)
	}
	require.Equal(t, []string{"", "a=1; b=2", "a=3; c=4"}, sent)

	copied := b.on(c)
	copied.cookies["d"] = "5"
	require.NotContains(t, b.cookies, "d")
}

func TestBrowserStaysWithTheIssuer(t *testing.T) {
	b := newBrowser(&target{issuer: testIssuer}, nil)
	to := func(location string) answer {
		return answer{status: http.StatusSeeOther, header: http.Header{"Location": {location}}}
	}
	for _, location := range []string{"/login?flow=F", testIssuer + "/login?flow=F"} {
		path, err := b.redirected(to(location), "/login?")
		require.NoError(t, err)
		require.Equal(t, "/login?flow=F", path)
	}
	_, err := b.redirected(to("https://elsewhere.example/login?flow=F"), "/login?")
	require.EqualError(t, err, "redirected to https://elsewhere.example/login, not to /login?")
	_, err = b.redirected(answer{status: http.StatusOK, header: http.Header{}}, "/login?")
	require.ErrorContains(t, err, "answer 200")
}

func TestAuthorizationCode(t *testing.T) {
	q := authorization{client: testClient, state: "st"}
	redirect := func(values url.Values) answer {
		return answer{status: http.StatusSeeOther, header: http.Header{"Location": {redirectURI + "?" + values.Encode()}}}
	}
	code, err := q.code(redirect(url.Values{"code": {"c1"}, "state": {"st"}, "iss": {testIssuer}}), testIssuer)
	require.NoError(t, err)
	require.Equal(t, "c1", code)
	for name, values := range map[string]url.Values{
		"no code":        {"state": {"st"}, "iss": {testIssuer}},
		"another state":  {"code": {"c1"}, "state": {"other"}, "iss": {testIssuer}},
		"another issuer": {"code": {"c1"}, "state": {"st"}, "iss": {"https://elsewhere.example"}},
	} {
		_, err := q.code(redirect(values), testIssuer)
		require.ErrorContains(t, err, "wrong state or iss", name)
	}
	_, err = q.code(redirect(url.Values{"error": {"access_denied"}, "error_description": {"No."}}), testIssuer)
	require.EqualError(t, err, "the redirect says access_denied: No.")
	_, err = q.code(answer{status: http.StatusSeeOther, header: http.Header{"Location": {"/login?flow=F"}}}, testIssuer)
	require.EqualError(t, err, "redirected to /login, not to the app")
	_, err = q.code(jsonAnswer(400, `{"error":"invalid_request","error_description":"No."}`), testIssuer)
	require.EqualError(t, err, "answer 400: invalid_request: No.")
}

func TestAuthorizationRequest(t *testing.T) {
	// The verifier and challenge of RFC 7636 appendix B.
	q := authorization{client: testClient, state: "st", nonce: "no", verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}
	u, err := url.Parse(q.path())
	require.NoError(t, err)
	require.Equal(t, "/oauth2/auth", u.Path)
	require.Equal(t, url.Values{
		"response_type": {"code"}, "client_id": {"bench-es256"}, "redirect_uri": {redirectURI}, "scope": {scopes}, "state": {"st"}, "nonce": {"no"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}, u.Query())
	fresh := newAuthorization(testClient)
	require.Len(t, fresh.verifier, 52) // RFC 7636 section 4.1: 43 to 128 characters
	require.NotEqual(t, fresh.state, newAuthorization(testClient).state)
}
