package provider

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	afterLogout = "https://app.example.test/post_logout_redirect"
	askingText  = "asks to sign you out"
	doneText    = "You are signed out"
)

// logoutWorld runs a test in a browser that is signed in at a client with a post-logout redirect URI. hint is the client's ID token.
func logoutWorld(t *testing.T, test func(t *testing.T, w *world, hint string)) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) { m.PostLogoutRedirectURIs = []string{afterLogout} })
		test(t, w, w.redeem(w.code(w.web)).body["id_token"].(string))
	})
}

// logout sends the browser to the end session endpoint.
func (w *world) logout(pairs ...string) answer {
	return w.do(httptest.NewRequest(http.MethodGet, "/oauth2/logout?"+params(nil, pairs...).Encode(), nil))
}

// confirmLogout presses the button of the page that asks whether to sign out.
func (w *world) confirmLogout(pairs ...string) answer {
	return w.post("/oauth2/logout?"+params(nil, pairs...).Encode(), url.Values{"confirm": {"yes"}}, func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	})
}

// requireSession checks whether the browser is still signed in.
func (w *world) requireSession(signedIn bool) {
	w.t.Helper()
	a := w.authorize(w.request(w.web, "prompt", "none"))
	if signedIn {
		require.NotEmpty(w.t, a.query.Get("code"), a.location.String())
		return
	}
	require.Equal(w.t, loginRequired, a.query.Get("error"))
}

// signed returns a JWT with this typ that the provider's keys have signed.
func (w *world) signed(typ string, claims map[string]any) string {
	w.t.Helper()
	text, err := json.Marshal(claims)
	require.NoError(w.t, err)
	token, err := w.keys.Sign("ES256", typ, text, time.Now())
	require.NoError(w.t, err)
	return token
}

func requireGoesTo(t *testing.T, a answer, address string) {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, a.Code, a.Body.String())
	require.Equal(t, address, a.Header().Get("Location"))
	require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
}

func TestOIDCCRPInitiatedLogoutDiscoveryEndpointVerification(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		endpoint := w.get("/.well-known/openid-configuration").body["end_session_endpoint"]
		require.True(t, strings.HasPrefix(endpoint.(string), "https://"), endpoint)
	})
}

func TestOIDCCRPInitiatedLogout(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		a := w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout, "state", "a+b &c")
		requireGoesTo(t, a, afterLogout+"?state=a%2Bb+%26c")
		w.requireSession(false)
	})
}

func TestOIDCCRPInitiatedLogoutNoState(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		requireGoesTo(t, w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout), afterLogout)
		w.requireSession(false)
	})
}

func TestOIDCCRPInitiatedLogoutBadPostLogoutRedirectURI(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		for _, uri := range []string{"https://evil.example.test/", afterLogout + "/", strings.ToUpper(afterLogout), callback, "//app.example.test/post_logout_redirect"} {
			requirePage(t, w.logout("id_token_hint", hint, "post_logout_redirect_uri", uri, "state", "s"), http.StatusBadRequest, "App web")
			requirePage(t, w.logout("client_id", w.web.ID, "post_logout_redirect_uri", uri), http.StatusBadRequest, "App web")
			requirePage(t, w.confirmLogout("client_id", w.web.ID, "post_logout_redirect_uri", uri), http.StatusBadRequest, "App web")
		}
		w.requireSession(true)
	})
}

func TestOIDCCRPInitiatedLogoutQueryAddedToPostLogoutRedirectURI(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		a := w.logout("id_token_hint", hint, "post_logout_redirect_uri", afterLogout+"?foo=bar", "state", "s")
		requirePage(t, a, http.StatusBadRequest, "App web")
		w.requireSession(true)
	})
}

func TestOIDCCRPInitiatedLogoutModifiedIDTokenHint(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		for name, forged := range w.forgeries(hint) {
			if len(forged) > maxParameter {
				continue
			}
			a := w.logout("id_token_hint", forged, "post_logout_redirect_uri", afterLogout, "state", "s")
			require.Equal(t, http.StatusOK, a.Code, name)
			requirePage(t, a, http.StatusOK, "Do you want to sign out?")
		}
		w.requireSession(true)
	})
}

func TestOIDCCRPInitiatedLogoutBadIDTokenHint(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, _ string) {
		requirePage(t, w.logout("id_token_hint", "foo", "post_logout_redirect_uri", afterLogout), http.StatusOK, "Do you want to sign out?")
		w.requireSession(true)
		requirePage(t, w.confirmLogout("id_token_hint", "foo", "post_logout_redirect_uri", afterLogout), http.StatusOK, doneText)
		w.requireSession(false)
	})
}

func TestOIDCCRPInitiatedLogoutNoIDTokenHint(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, _ string) {
		requirePage(t, w.logout("post_logout_redirect_uri", afterLogout, "state", "s"), http.StatusOK, "Do you want to sign out?")
		w.requireSession(true)
		requirePage(t, w.confirmLogout("post_logout_redirect_uri", afterLogout, "state", "s"), http.StatusOK, doneText)
		w.requireSession(false)
		requirePage(t, w.logout("post_logout_redirect_uri", afterLogout, "state", "s"), http.StatusOK, doneText)
		requirePage(t, w.logout("client_id", w.web.ID, "post_logout_redirect_uri", afterLogout), http.StatusOK, doneText)
	})
}

func TestOIDCCRPInitiatedLogoutNoParams(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, _ string) {
		requirePage(t, w.logout(), http.StatusOK, "Do you want to sign out?")
		w.requireSession(true)
		requirePage(t, w.confirmLogout(), http.StatusOK, doneText)
		w.requireSession(false)
	})
}

func TestOIDCCRPInitiatedLogoutOnlyState(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, _ string) {
		requirePage(t, w.logout("state", "s"), http.StatusOK, "Do you want to sign out?")
		requirePage(t, w.confirmLogout("state", "s"), http.StatusOK, doneText)
		w.requireSession(false)
	})
}

func TestOIDCCRPInitiatedLogoutNoPostLogoutRedirectURI(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		requirePage(t, w.logout("id_token_hint", hint, "state", "s"), http.StatusOK, doneText)
		w.requireSession(false)
	})
}

// Without an ID token, a client sends its client_id. The person is asked, and then the browser returns to the client.
func TestLogoutThatIsConfirmed(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, _ string) {
		asked := []string{"client_id", w.web.ID, "post_logout_redirect_uri", afterLogout, "state", "s", "logout_hint", "ada", "ui_locales", "en"}
		a := w.logout(asked...)
		requirePage(t, a, http.StatusOK, askingText)
		require.Contains(t, a.Header().Get("Content-Security-Policy"), "form-action 'self' https://app.example.test;")
		w.requireSession(true)
		requireGoesTo(t, w.confirmLogout(asked...), afterLogout+"?state=s")
		w.requireSession(false)
	})
}

// LO-04: with a hint of another person, or of a session that has ended, nobody is signed out without being asked.
func TestLogoutWithTheHintOfAnotherSignIn(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		asked := []string{"id_token_hint", hint, "post_logout_redirect_uri", afterLogout}
		ada := w.user
		w.user = storagetest.User(t, w.store)
		w.signIn(time.Now())
		requirePage(t, w.logout(asked...), http.StatusOK, askingText)
		w.requireSession(true)

		w.user = ada
		w.signIn(time.Now())
		requirePage(t, w.logout(asked...), http.StatusOK, askingText)
		w.requireSession(true)

		w.browser.session = nil
		requireGoesTo(t, w.logout(asked...), afterLogout)
	})
}

// The hint may have expired and be signed with a retired key, and its subject may be pairwise.
func TestLogoutWithAnOldHint(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, _ string) {
		w.change(w.web, func(m *client.Metadata) { m.SubjectType = client.SubjectPairwise })
		hint := w.redeem(w.code(w.web)).body["id_token"].(string)
		_, claims := jwttest.TakeApart(t, hint)
		require.NotEqual(t, w.user.ID, claims["sub"])
		claims["exp"] = time.Now().Add(-time.Hour).Unix()
		old := w.signed("JWT", claims)
		_, err := w.keys.Rotate(t.Context(), "ES256", true, operator, time.Now())
		require.NoError(t, err)
		requireGoesTo(t, w.logout("id_token_hint", old, "client_id", w.web.ID, "post_logout_redirect_uri", afterLogout), afterLogout)
		w.requireSession(false)
	})
}

// JW-11: other JWTs that are signed with our keys are not accepted as hints.
func TestLogoutHintIsAnIDToken(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		_, claims := jwttest.TakeApart(t, hint)
		for _, typ := range []string{"logout+jwt", "at+jwt", "secevent+jwt", ""} {
			a := w.logout("id_token_hint", w.signed(typ, claims), "post_logout_redirect_uri", afterLogout)
			requirePage(t, a, http.StatusOK, "Do you want to sign out?")
		}
		other := w.at(client.SPA, callback)
		requirePage(t, w.logout("id_token_hint", hint, "client_id", other.ID), http.StatusBadRequest, "name different clients")
		requirePage(t, w.logout("client_id", "unknown"), http.StatusBadRequest, "")
		w.requireSession(true)
	})
}

// A form of the client comes without cookies, so the browser is redirected to the same request in the query. Only our own page can confirm (LO-13).
func TestLogoutByPost(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, hint string) {
		crossSite := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
		form := params(nil, "id_token_hint", hint, "post_logout_redirect_uri", afterLogout, "state", "s")
		a := w.post("/oauth2/logout", form, crossSite)
		requireGoesTo(t, a, issuer+"/oauth2/logout?"+form.Encode())
		w.requireSession(true)
		requirePage(t, w.post("/oauth2/logout", params(form, "confirm", "yes"), crossSite), http.StatusForbidden, "")
		requirePage(t, w.post("/oauth2/logout?confirm=yes", form, crossSite), http.StatusForbidden, "")
		requirePage(t, w.logout("confirm", "yes"), http.StatusOK, "Do you want to sign out?")
		requirePage(t, w.post("/oauth2/logout?state=1", form, crossSite), http.StatusBadRequest, "state is sent more than once")
		w.requireSession(true)
		requireGoesTo(t, w.get(strings.TrimPrefix(a.Header().Get("Location"), issuer)), afterLogout+"?state=s")
		w.requireSession(false)
	})
}

// The grants of a sign-in end with it, except for those with offline access.
func TestLogoutEndsTokens(t *testing.T) {
	logoutWorld(t, func(t *testing.T, w *world, _ string) {
		tokens, offline := w.redeem(w.code(w.web)).body, w.offline()
		require.Equal(t, http.StatusOK, w.logout("id_token_hint", tokens["id_token"].(string)).Code)
		requireError(t, w.userinfo(tokens["access_token"].(string)), http.StatusUnauthorized, invalidToken)
		require.Equal(t, http.StatusOK, w.refresh(offline["refresh_token"].(string)).Code)
	})
}

// During an outage, a browser never seems signed out.
func TestLogoutInAnOutage(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var faults storagetest.Faults
		w := newWorld(t, db.Open(t, faults.Intercept))
		hint := w.redeem(w.code(w.web)).body["id_token"].(string)
		for n := 1; ; n++ {
			faults.Fail(n, false, io.EOF)
			a := w.logout("id_token_hint", hint)
			if faults.Pending() {
				require.Greater(t, n, 2)
				requirePage(t, a, http.StatusOK, doneText)
				break
			}
			requireOutagePage(t, a)
		}
	})
}

// LO-11: a sign-in that ends at one replica ends at all of them, and of 50 requests at once one ends it.
func TestLogoutRace(t *testing.T) {
	replicas(t, func(t *testing.T, judge *world, w [2]*world) {
		judge.signIn(time.Now())
		for _, one := range w {
			one.browser.session = judge.browser.session
		}
		hint := judge.redeem(judge.code(judge.web)).body["id_token"].(string)
		for _, a := range all(w, func(w *world, _ int) answer { return w.logout("id_token_hint", hint) }) {
			requirePage(t, a, http.StatusOK, doneText)
		}
		judge.requireSession(false)
		_, err := judge.store.Sessions.SignIn(t.Context(), judge.browser.session, "", time.Now())
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}
