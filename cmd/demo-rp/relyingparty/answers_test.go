package relyingparty

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnswersThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		answer map[string]string
		set    func(*op)
		status int
		shown  []string
	}{
		"another state": {
			answer: map[string]string{"state": "guess"}, status: http.StatusBadRequest, shown: []string{"does not belong to a sign-in"},
		},
		"no state": {
			answer: map[string]string{"state": ""}, status: http.StatusBadRequest, shown: []string{"does not belong to a sign-in"},
		},
		"another issuer": {
			answer: map[string]string{"iss": "https://evil.test"}, status: http.StatusBadRequest,
			shown: []string{"not from the provider", "https://evil.test"},
		},
		"no issuer although announced": {
			answer: map[string]string{"iss": ""}, status: http.StatusBadRequest, shown: []string{"not from the provider"},
		},
		"another issuer, not announced": {
			set:    func(p *op) { p.metadata = object{"authorization_response_iss_parameter_supported": nil} },
			answer: map[string]string{"iss": "https://evil.test"}, status: http.StatusBadRequest, shown: []string{"not from the provider"},
		},
		"an error": {
			answer: map[string]string{"code": "", "error": "access_denied", "error_description": "You <b>cancelled</b>"},
			status: http.StatusForbidden, shown: []string{"access_denied", "You &lt;b&gt;cancelled&lt;/b&gt;"},
		},
		"an error of another issuer": {
			answer: map[string]string{"iss": "https://evil.test", "error": "access_denied"},
			status: http.StatusBadRequest, shown: []string{"not from the provider"},
		},
		"a bad code": {
			answer: map[string]string{"code": "bad"}, status: http.StatusBadGateway,
			shown: []string{"issued no tokens", "invalid_grant", "no such &lt;code&gt;"},
		},
		"no ID token": {
			set: func(p *op) { p.tokens = object{"id_token": nil} }, status: http.StatusBadGateway, shown: []string{"ID token is not valid"},
		},
		"another nonce": {
			set: func(p *op) { p.idToken = object{"nonce": "other"} }, status: http.StatusBadGateway, shown: []string{"nonce"},
		},
		"no nonce": {
			set: func(p *op) { p.idToken = object{"nonce": nil} }, status: http.StatusBadGateway, shown: []string{"nonce"},
		},
		"another audience": {
			set: func(p *op) { p.idToken = object{"aud": "other"} }, status: http.StatusBadGateway, shown: []string{"audience"},
		},
		"issued to another of two audiences": {
			set:    func(p *op) { p.idToken = object{"aud": []string{"demo", "other"}, "azp": "other"} },
			status: http.StatusBadGateway, shown: []string{"issued to another app"},
		},
		"expired": {
			set: func(p *op) { p.idToken = object{"exp": 1700000000} }, status: http.StatusBadGateway, shown: []string{"expired"},
		},
		"another access token": {
			set: func(p *op) { p.idToken = object{"at_hash": "AAAA"} }, status: http.StatusBadGateway, shown: []string{"access token hash"},
		},
		"a signature by another key": {
			set:    func(p *op) { p.tokens = object{"id_token": newOP(t).sign(object{"iss": p.URL})} },
			status: http.StatusBadGateway, shown: []string{"failed to verify signature"},
		},
		"userinfo about another person": {
			set: func(p *op) { p.userInfo = object{"sub": "eve"} }, status: http.StatusBadGateway, shown: []string{"another person"},
		},
		"userinfo that fails": {
			set: func(p *op) { p.tokens = object{"access_token": "x"} }, status: http.StatusBadGateway, shown: []string{"userinfo answer", "401"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newOP(t)
			if tc.set != nil {
				tc.set(p)
			}
			b := newBrowser(t, p)
			w := b.answer(b.begin(""), tc.answer)
			require.Equal(t, tc.status, w.Code, w.Body.String())
			for _, text := range tc.shown {
				require.Contains(t, w.Body.String(), text)
			}
			require.NotContains(t, b.page(), "Sign out", "nobody is signed in")
		})
	}
}

func TestAnswerWithoutIssuerOfAnOlderProvider(t *testing.T) {
	p := newOP(t)
	p.metadata = object{"authorization_response_iss_parameter_supported": nil}
	b := newBrowser(t, p)
	require.Equal(t, http.StatusSeeOther, b.answer(b.begin(""), map[string]string{"iss": ""}).Code)
}

func TestAnAnswerCountsOnceAndInItsBrowser(t *testing.T) {
	p := newOP(t)
	b := newBrowser(t, p)
	request := b.begin("")

	other := *b
	other.id = ""
	require.Equal(t, http.StatusBadRequest, other.answer(request, nil).Code, "no session")
	other.begin("")
	require.Equal(t, http.StatusBadRequest, other.answer(request, nil).Code, "another browser's state")

	p.challenge, p.nonce = request.Get("code_challenge"), request.Get("nonce")
	require.Equal(t, http.StatusSeeOther, b.answer(request, nil).Code)
	require.Equal(t, http.StatusBadRequest, b.answer(request, nil).Code, "sent again")
	require.Contains(t, b.page(), "ada@example.test", "the sign-in stands")
}

func TestSignInsInSeveralTabs(t *testing.T) {
	b := newBrowser(t, newOP(t))
	first := b.begin("")
	b.signIn()
	b.op.challenge, b.op.nonce = first.Get("code_challenge"), first.Get("nonce")
	require.Equal(t, http.StatusSeeOther, b.answer(first, nil).Code)
}

func TestRefresh(t *testing.T) {
	p := newOP(t)
	b := newBrowser(t, p)
	require.Equal(t, http.StatusForbidden, b.do("POST", "/refresh").Code)
	b.begin("")
	require.Equal(t, http.StatusForbidden, b.do("POST", "/refresh").Code)
	b.signIn()
	before := b.page()

	p.userInfo["email"] = "new@example.test"
	require.Equal(t, http.StatusSeeOther, b.do("POST", "/refresh").Code)
	page := b.page()
	require.Contains(t, page, "The tokens were refreshed")
	require.Contains(t, page, "Refresh token: replaced by a new one")
	require.Contains(t, page, "ID token: new")
	require.Contains(t, page, "new@example.test")
	require.NotEqual(t, raw(before), raw(page))

	first := p.requests[1].Get("refresh_token")
	p.tokens = object{"refresh_token": nil, "id_token": nil}
	b.do("POST", "/refresh")
	require.NotEqual(t, first, p.requests[2].Get("refresh_token"), "the successor is used")
	page = b.page()
	require.Contains(t, page, "Refresh token: the same as before")
	require.Contains(t, page, "ID token: the same as before")
}

func TestRefreshThatFails(t *testing.T) {
	for name, tc := range map[string]struct {
		set   func(*op)
		shown string
	}{
		"the sign-in was revoked":    {func(p *op) { p.tokens = object{"error": "invalid_grant"} }, "invalid_grant"},
		"another person":             {func(p *op) { p.idToken = object{"sub": "eve"} }, "about another person"},
		"another time of sign-in":    {func(p *op) { p.idToken = object{"auth_time": 1700000001} }, "its auth_time is not that of the sign-in"},
		"another nonce":              {func(p *op) { p.idToken = object{"nonce": "other"} }, "its nonce is not that of the sign-in"},
		"userinfo of another person": {func(p *op) { p.userInfo = object{"sub": "eve"} }, "another person"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newOP(t)
			b := newBrowser(t, p)
			b.signIn()
			tc.set(p)
			require.Equal(t, http.StatusSeeOther, b.do("POST", "/refresh").Code)
			page := b.page()
			require.Regexp(t, `The refresh at [\d :-]+ UTC failed`, page)
			require.Contains(t, page, tc.shown)
			require.Contains(t, page, "ada@example.test", "what was known stays")
		})
	}
}

func TestWithoutRefreshToken(t *testing.T) {
	p := newOP(t)
	p.tokens = object{"refresh_token": nil}
	b := newBrowser(t, p)
	b.signIn()
	require.NotContains(t, b.page(), `action="/refresh"`)
	require.Equal(t, http.StatusBadRequest, b.do("POST", "/refresh").Code)
}

// raw returns the raw ID token on a page.
func raw(page string) string {
	return regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`).FindString(page)
}
