package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// The modules of the suite that concern what a person sees, run with the real pages. Package provider tests their responses.

const suiteCallback = "https://app.example.test/callback"

// suiteVisit is a person whose browser comes from the suite's client.
type suiteVisit struct {
	*browsertest.Visitor
	t          *testing.T
	a          *app
	db         *storagetest.Database
	id, secret string
	form       url.Values // response type and mode
	posted     url.Values // parameters that a form sent to the client
}

// visits runs a module on every database, with the answer in the query, in the fragment and in a form.
func visits(t *testing.T, test func(*suiteVisit)) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		a := newTestApp(t, db, "http://localhost:4280")
		addAda(t, a)
		id, secret := addClient(t, a, client.Web, suiteCallback, func(m *client.Metadata) {
			m.Consent, m.PKCERequired, m.ResponseTypes = client.ConsentSkip, false, client.ResponseTypes()
			m.GrantTypes = append(m.GrantTypes, client.GrantImplicit)
		})
		for _, form := range []url.Values{
			{"response_type": {"code"}}, {"response_type": {"id_token token"}}, {"response_type": {"code"}, "response_mode": {"form_post"}},
		} {
			_, err := db.SQL(t).ExecContext(t.Context(), "UPDATE authenticators SET last_step = 0")
			require.NoError(t, err)
			v := &suiteVisit{t: t, a: a, db: db, id: id, secret: secret, form: form}
			v.Visitor = browsertest.NewVisitor(t, browsertest.InProcess{
				"localhost:4280": a.public,
				"app.example.test": http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					require.NoError(t, r.ParseForm())
					v.posted = r.PostForm
				}),
			})
			test(v)
		}
	})
}

// asks sends the browser to the provider.
func (v *suiteVisit) asks(pairs ...string) {
	v.t.Helper()
	form := url.Values{"client_id": {v.id}, "redirect_uri": {suiteCallback}, "scope": {"openid"}, "state": {"the state"}, "nonce": {"the nonce"}}
	for name, values := range v.form {
		form[name] = values
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	v.posted = nil
	v.Open("http://localhost:4280/oauth2/auth?" + form.Encode())
}

// seesSignIn requires the page that asks for a password, then the one that asks for a code, and answers both. at is the time of the code.
func (v *suiteVisit) seesSignIn(at time.Time) {
	v.t.Helper()
	require.True(v.t, strings.HasPrefix(v.URL(), "http://localhost:4280/login?flow="), v.URL())
	require.Equal(v.t, http.StatusOK, v.Status())
	require.Contains(v.t, v.Text(), "Sign in to continue to Example App")
	signInAsAda(v.t, v.Visitor, at)
}

// arrives returns the response to the client, which must come without any page in between.
func (v *suiteVisit) arrives() url.Values {
	v.t.Helper()
	if v.form.Get("response_mode") == "form_post" {
		require.Contains(v.t, v.Text(), "Going back to Example App")
		v.Submit("Continue")
		require.Equal(v.t, suiteCallback, v.URL())
		return v.posted
	}
	at, err := url.Parse(v.URL())
	require.NoError(v.t, err)
	require.Equal(v.t, suiteCallback, at.Scheme+"://"+at.Host+at.Path)
	if at.Fragment != "" {
		arrived, err := url.ParseQuery(at.EscapedFragment())
		require.NoError(v.t, err)
		return arrived
	}
	return at.Query()
}

// tells returns the claims of the ID token that arrives.
func (v *suiteVisit) tells() map[string]any {
	v.t.Helper()
	arrived := v.arrives()
	require.Empty(v.t, arrived.Get("error"), arrived.Get("error_description"))
	text := arrived.Get("id_token")
	if code := arrived.Get("code"); code != "" {
		text = tokenRequest(v.t, v.a, v.id, v.secret, url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {suiteCallback},
		})["id_token"]
	}
	parts := strings.Split(text, ".")
	require.Len(v.t, parts, 3)
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(v.t, err)
	var claims map[string]any
	require.NoError(v.t, json.Unmarshal(payload, &claims))
	require.Equal(v.t, "the nonce", claims["nonce"])
	return claims
}

// signedInBefore signs in with the current code and moves that sign-in back by some seconds. A later sign-in uses the next code, which is
// accepted half a minute early; the previous code might expire meanwhile.
func (v *suiteVisit) signedInBefore(now time.Time) (claims map[string]any) {
	v.t.Helper()
	v.asks()
	v.seesSignIn(now)
	v.tells()
	_, err := v.db.SQL(v.t).ExecContext(v.t.Context(), "UPDATE sessions SET completed_at = completed_at - 5000000")
	require.NoError(v.t, err)
	v.asks()
	return v.tells()
}

func TestOIDCCPromptLogin(t *testing.T) {
	visits(t, func(v *suiteVisit) { v.signsInOnceMore("prompt", "login") })
}

func TestOIDCCMaxAge1(t *testing.T) {
	visits(t, func(v *suiteVisit) { v.signsInOnceMore("max_age", "1") })
}

// signsInOnceMore sees both pages again although the browser is signed in.
func (v *suiteVisit) signsInOnceMore(pairs ...string) {
	v.t.Helper()
	now := time.Now()
	first := v.signedInBefore(now)
	v.asks(pairs...)
	v.seesSignIn(now.Add(30 * time.Second))
	second := v.tells()
	require.Equal(v.t, first["sub"], second["sub"])
	require.Greater(v.t, second["auth_time"], first["auth_time"])
	require.InDelta(v.t, time.Now().Unix(), second["auth_time"], 60)
}

func TestOIDCCPromptNoneLoggedIn(t *testing.T) {
	visits(t, func(v *suiteVisit) {
		first := v.signedInBefore(time.Now())
		v.asks("prompt", "none")
		second := v.tells()
		require.Equal(t, first["sub"], second["sub"])
		require.Equal(t, first["auth_time"], second["auth_time"])
	})
}

// Somebody who has entered only the password is not signed in either.
func TestOIDCCPromptNoneNotLoggedIn(t *testing.T) {
	visits(t, func(v *suiteVisit) {
		refused := func() {
			v.asks("prompt", "none", "state", strings.Repeat("0123456789abcdef", 8))
			arrived := v.arrives()
			require.Equal(t, "login_required", arrived.Get("error"))
			require.Equal(t, strings.Repeat("0123456789abcdef", 8), arrived.Get("state"))
		}
		refused()
		v.asks()
		v.Fill("username", "ada")
		v.Fill("password", adaPassword)
		v.Submit("Continue")
		require.True(t, strings.HasPrefix(v.URL(), "http://localhost:4280/login/code"), v.URL())
		refused()
	})
}
