package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// fuzzWorld returns a function with one world for a whole run, which reports to the test that it is called with. The id of its client is the same in
// each run, so that findings can be repeated.
func fuzzWorld(f *testing.F) func(*testing.T) *world {
	base := newWorld(f, storagetest.Open(f))
	var err error
	base.web, base.secret, err = base.clients.Add(f.Context(), client.Registration{ID: "app", Metadata: base.web.Metadata}, operator, time.Now())
	require.NoError(f, err)
	return func(t *testing.T) *world {
		w := *base
		w.t = t
		return &w
	}
}

// Whatever is sent to the authorization endpoint, it redirects to a registered URI or to its own pages, and never fails.
func FuzzAuthorizeParameters(f *testing.F) {
	use := fuzzWorld(f)
	seed := use(nil)
	base := seed.request(seed.web)
	f.Add(base.Encode(), "")
	f.Add(base.Encode(), base.Encode())
	f.Add("flow=x", "")
	for _, pair := range [][2]string{
		{"redirect_uri", "https://app.example.test@evil.example.test/cb"}, {"redirect_uri", "//evil.example.test"}, {"client_id", "x"}, {"prompt", "none"},
		{"prompt", "login consent"}, {"claims", `{"id_token":{"email":null}}`}, {"max_age", "1"}, {"id_token_hint", "a.b.c"}, {"request", "a.b.c"},
		{"request_uri", "https://evil.example.test"}, {"response_mode", "form_post"}, {"response_type", "code token"}, {"state", "\r\n"}, {"scope", "OPENID"},
	} {
		f.Add(params(base, pair[0], pair[1]).Encode(), "")
		f.Add(base.Encode()+"&"+url.Values{pair[0]: {pair[1]}}.Encode(), "")
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		w := use(t)
		r := httptest.NewRequest(http.MethodGet, "/oauth2/auth", nil)
		if body != "" {
			r = httptest.NewRequest(http.MethodPost, "/oauth2/auth", strings.NewReader(body))
			r.Header.Set("Content-Type", formType)
		}
		r.URL.RawQuery = query
		recorder := httptest.NewRecorder()
		w.router.ServeHTTP(recorder, r)
		require.Less(t, recorder.Code, http.StatusInternalServerError, recorder.Body.String())
		to := recorder.Header().Get("Location")
		if recorder.Code != http.StatusSeeOther {
			require.Empty(t, to)
			if recorder.Code == http.StatusOK { // response_mode=form_post
				require.Contains(t, recorder.Body.String(), `<form method="post" action="`+callback+`" data-submit>`)
				return
			}
			require.GreaterOrEqual(t, recorder.Code, http.StatusBadRequest)
			return
		}
		require.True(t, strings.HasPrefix(to, callback+"?") || strings.HasPrefix(to, callback+"#") || strings.HasPrefix(to, issuer+"/login?flow=") || strings.HasPrefix(to, issuer+"/consent?flow="), to)
		require.False(t, strings.ContainsFunc(to, func(c rune) bool { return c <= ' ' || c > '~' }), "%q", to)
	})
}

// A code can be redeemed only with the verifier whose S256 is the challenge.
func FuzzPKCE(f *testing.F) {
	use := fuzzWorld(f)
	for _, pair := range [][2]string{
		{s256(verifier), verifier}, {verifier, verifier}, {s256(verifier), s256(verifier)}, {s256(verifier), ""}, {"", verifier}, {"", ""},
		{s256("short"), "short"}, {s256(strings.Repeat("a", 128)), strings.Repeat("a", 128)}, {s256(strings.Repeat("ä", 43)), strings.Repeat("ä", 43)},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, challenge, verifier string) {
		w := use(t)
		a := w.authorize(w.request(w.web, "code_challenge", challenge))
		if !a.query.Has("code") {
			require.Equal(t, invalidRequest, a.query.Get("error"), a.Body.String())
			return
		}
		tokens := w.redeem(a.query.Get("code"), "code_verifier", verifier)
		right := s256(verifier) == challenge && len(verifier) >= 43 && len(verifier) <= 128 && strings.Trim(verifier, base64URL+".~") == ""
		require.Equal(t, right, tokens.Code == http.StatusOK, tokens.Body.String())
		require.Less(t, tokens.Code, http.StatusInternalServerError)
	})
}
