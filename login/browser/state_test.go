package browser_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
)

// The state follows the sign-in, and the cookie that scripts read follows the state.
func TestState(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		set := map[string]*http.Cookie{}
		b.Client.Transport = noteCookies{b.Client.Transport, set}
		state := func() string {
			t.Helper()
			said := b.Open("/state").Body
			require.Equal(t, said, b.Cookie(logintest.StateCookie))
			return said
		}
		require.Empty(t, state(), "nobody")
		k := w.HalfWay(b)
		require.Empty(t, state(), "a password alone is not a sign-in")
		b.Post("/login/code", "code", k.Phone.Code())

		cookie := set[logintest.StateCookie]
		require.NotNil(t, cookie)
		require.False(t, cookie.HttpOnly, "scripts read it")
		require.True(t, cookie.Secure)
		require.Equal(t, http.SameSiteNoneMode, cookie.SameSite, "and in a frame")
		require.Equal(t, "/", cookie.Path)
		require.Zero(t, cookie.MaxAge, "it lasts as long as the session")
		first := state()
		require.Len(t, first, 43)
		require.NotEqual(t, b.Cookie(logintest.SessionCookie), first)
		require.Equal(t, cookie.Value, first)
		require.Equal(t, first, state())

		session := b.Cookie(logintest.SessionCookie)
		b.SetCookie(logintest.StateCookie, "what somebody planted")
		require.Equal(t, first, state(), "mended")
		b.SetCookie(logintest.SessionCookie, "")
		require.Equal(t, first, b.Open("/state").Body, "a request from a frame of another site has no session cookie and changes nothing")
		b.SetCookie(logintest.SessionCookie, session)

		time.Sleep(time.Minute)
		b.Post("/login", "username", logintest.Ada, "password", logintest.AdaPassword)
		b.Post("/login/code", "code", k.Phone.Code())
		second := state()
		require.Len(t, second, 43)
		require.NotEqual(t, first, second, "another sign-in")

		require.Equal(t, "/logout", b.Post("/logout").Address.Path)
		require.Empty(t, b.Cookie(logintest.StateCookie), "deleted at once")
		require.Empty(t, state())
	})
}

func TestStateOfASessionThatIdledOut(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		w.Complete(b)
		require.NotEmpty(t, b.Cookie(logintest.StateCookie))
		time.Sleep(2 * time.Hour)
		require.Empty(t, b.Open("/state").Body)
		require.Empty(t, b.Cookie(logintest.StateCookie))
	})
}

// With "keep me signed in" the state outlives the browser, as the session does.
func TestStateIsRemembered(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		set := map[string]*http.Cookie{}
		b.Client.Transport = noteCookies{b.Client.Transport, set}
		k := w.Settled(b)
		b.Submit(b.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword, "remember", "yes")
		b.Post("/login/code", "code", k.Phone.Code())
		require.Equal(t, set[logintest.SessionCookie].MaxAge, set[logintest.StateCookie].MaxAge)
		require.Equal(t, 30*24*3600, set[logintest.StateCookie].MaxAge)
	})
}
