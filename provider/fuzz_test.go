package provider

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// fuzzWorld is one world for a whole run; each use of it reports to its own test. Its client has an id that does not change from run to
// run, so that what was found once is found again.
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

// Whatever is sent to the authorization endpoint, it redirects to a registered address or to its own pages, and never fails.
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

// What the parser accepts has each parameter once, within the bounds, and means the same when it is written down and read again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"", "a=1&b=2", "a=1&a=2", "a=%00", "a=%ff", "a=%", "&&=&=x", "a=b=c;d", "%61=1&a=1", "a=+%20", strings.Repeat("a&", 100)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, err := parse(text)
		for name, values := range form {
			require.Len(t, values, 1)
			require.NotEmpty(t, values[0])
			require.LessOrEqual(t, len(values[0]), maxParameter)
			require.NotContains(t, name+values[0], "\x00")
		}
		require.LessOrEqual(t, len(form), maxParameters)
		if err != nil {
			var fault *oauth.Refusal
			require.ErrorAs(t, err, &fault)
			return
		}
		again, err := url.ParseQuery(form.Encode())
		require.NoError(t, err)
		require.Equal(t, form, again)
	})
}

// A code is redeemed with the verifier whose S256 is its challenge, and with no other.
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

// No text but one that was issued is an access token.
func FuzzSealedToken(f *testing.F) {
	use := fuzzWorld(f)
	w := use(nil)
	keyset := w.store.Keyset()
	issued, err := sealToken(keyset, accessToken{ID: "id", GrantID: "grant", ClientID: w.web.ID, Subject: "sub", Expires: time.Now().Unix() + 600})
	require.NoError(f, err)
	otherPurpose, err := keyset.Seal([]byte(`{"j":"id"}`), "device", "", "")
	require.NoError(f, err)
	f.Add(issued)
	f.Add(accessPrefix + base64.RawURLEncoding.EncodeToString(otherPurpose))
	for _, variant := range append(variants(issued)[:50], "", accessPrefix, "x", "a.b.c", strings.Repeat("x", 10_000)) {
		f.Add(variant)
	}
	f.Fuzz(func(t *testing.T, token string) {
		_, ok := use(t).provider.readAccessToken(token, time.Now())
		require.Equal(t, token == issued, ok)
	})
}

// No text but one that was issued is a refresh token, and what it was issued for is what is read from it.
func FuzzRefreshToken(f *testing.F) {
	use := fuzzWorld(f)
	store := use(nil).store
	id := storage.NewID()
	issued := refreshToken(store, id, 7)
	f.Add(issued)
	f.Add(refreshToken(store, id, -1))
	for _, variant := range append(variants(issued)[:50], "", refreshPrefix, strings.Replace(issued, ".7.", ".07.", 1), strings.Replace(issued, ".7.", ".8.", 1)) {
		f.Add(variant)
	}
	f.Fuzz(func(t *testing.T, token string) {
		grantID, generation, ok := readRefreshToken(store, token)
		if !ok {
			require.NotEqual(t, issued, token)
			return
		}
		require.Equal(t, token, refreshToken(store, grantID, generation))
		require.Equal(t, id, grantID, "nobody else knows the key")
	})
}

// A Basic header names a client and a secret in one way: what is read from it, written down again, is read the same.
func FuzzBasic(f *testing.F) {
	for _, text := range []string{
		basicText("id:secret"), basicText("id:"), basicText(":secret"), basicText("id"), basicText("a%3Ab:c%2Bd+e"), "Basic", "Basic !!!", "basic  eDp5", "Bearer x",
		basicText("id\xff:\x00"), basicText("%:%"), "Basic eDp5\n", "Basic eDp5=",
	} {
		f.Add(text)
	}
	registry := client.New(client.Config{Store: storagetest.Open(f)})
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, ok := basic(header)
		if !ok {
			return
		}
		require.NotEmpty(t, id)
		againID, againSecret, ok := basic(basicText(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
		require.True(t, ok)
		require.Equal(t, [2]string{id, secret}, [2]string{againID, againSecret})
		_, err := registry.Client(t.Context(), id)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}
