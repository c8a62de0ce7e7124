package provider

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage/storagetest"
)

func TestPromptIsChecked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, prompt := range []string{"none login", "login none", "none consent", "none none", "bogus", "LOGIN", "login bogus", "create"} {
			requireRefusal(t, w.authorize(w.request(w.web, "prompt", prompt)), callback, invalidRequest)
		}
		for _, age := range []string{"-1", "abc", "1e3", "9223372036854775808", "+1", " 1", "1.0", "0x10", "٣", "-0", strings.Repeat("9", 100)} {
			requireRefusal(t, w.authorize(w.request(w.web, "max_age", age)), callback, invalidRequest)
		}
		require.NotEmpty(t, w.code(w.web, "max_age", "9223372036"))
		require.NotEmpty(t, w.code(w.web, "max_age", "9999999999"), "longer than a clock can count")
		require.NotEmpty(t, w.code(w.web, "prompt", "  none "))
	})
}

// Each of these parameters requires a sign-in that is newer than the request, within its own flow. An older one, or one in another tab, is not
// enough.
func TestFreshSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.signIn(time.Now().Add(-time.Minute))
		for name, pairs := range map[string][]string{
			"prompt=login": {"prompt", "login"}, "prompt=select_account": {"prompt", "select_account"}, "max_age=0": {"max_age", "0"},
			"max_age has passed": {"max_age", "30"}, "all at once": {"prompt", "login select_account", "max_age", "0"},
		} {
			w.signIn(time.Now().Add(-time.Minute))
			before := w.idToken(w.redeem(w.code(w.web)).body["id_token"])
			page, flow := w.begin(w.request(w.web, pairs...))
			require.Equal(t, "login", page, name)
			require.Equal(t, issuer+"/login?flow="+flow, w.resume(flow).location.String(), "the session is older than the request")
			require.NotEmpty(t, w.code(w.web), "a second tab without the parameter")
			require.Equal(t, issuer+"/login?flow="+flow, w.resume(flow).location.String(), "the second tab does not answer for the first")
			w.signIn(time.Now())
			a := w.resume(flow)
			require.NotEmpty(t, a.query.Get("code"), name)
			after := w.idToken(w.redeem(a.query.Get("code")).body["id_token"])
			require.NotEqual(t, before["sid"], after["sid"])
			require.Greater(t, after["auth_time"], before["auth_time"])
		}
		w.signIn(time.Now().Add(-time.Minute))
		requireRefusal(t, w.authorize(w.request(w.web, "prompt", "none", "max_age", "30")), callback, loginRequired)
		requireRefusal(t, w.authorize(w.request(w.web, "prompt", "none", "max_age", "0")), callback, loginRequired)
		require.NotEmpty(t, w.code(w.web, "prompt", "none", "max_age", "3600"))
	})
}

func TestAnotherAccountIsChosen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, flow := w.begin(w.request(w.web, "prompt", "select_account"))
		ada := w.user
		w.user = storagetest.User(t, w.store)
		w.signIn(time.Now())
		claims := w.idToken(w.redeem(w.resume(flow).query.Get("code")).body["id_token"])
		require.Equal(t, w.user.ID, claims["sub"])
		require.NotEqual(t, ada.ID, claims["sub"])
	})
}

func TestConsentAfterSignInWithinOneFlow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		page, flow := w.begin(w.request(w.web, "prompt", "login consent"))
		require.Equal(t, "login", page)
		w.agree(flow, w.web, "openid", "profile", "email")
		require.Equal(t, issuer+"/login?flow="+flow, w.resume(flow).location.String(), "agreeing is not signing in")
		w.signIn(time.Now())
		require.NotEmpty(t, w.resume(flow).query.Get("code"))

		_, flow = w.begin(w.request(w.web, "prompt", "login consent"))
		w.signIn(time.Now())
		a := w.resume(flow)
		require.True(t, strings.HasPrefix(a.location.String(), issuer+"/consent?flow="+flow+"&shown="), a.location.String())
	})
}
