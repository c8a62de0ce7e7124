package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The state follows the sign-in, and the cookie that scripts read follows the state.
func TestState(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		set := map[string]*http.Cookie{}
		b.client.Transport = noteCookies{b.client.Transport, set}
		state := func() string {
			t.Helper()
			said := b.open("/state").body
			require.Equal(t, said, b.cookie(stateCookie))
			return said
		}
		require.Empty(t, state(), "nobody")
		k := w.halfWay(b)
		require.Empty(t, state(), "a password alone is no sign-in")
		b.post("/login/code", "code", k.phone.code())

		cookie := set[stateCookie]
		require.NotNil(t, cookie)
		require.False(t, cookie.HttpOnly, "scripts read it")
		require.True(t, cookie.Secure)
		require.Equal(t, http.SameSiteNoneMode, cookie.SameSite, "in a frame, too")
		require.Equal(t, "/", cookie.Path)
		require.Zero(t, cookie.MaxAge, "it lasts as long as the session")
		first := state()
		require.Len(t, first, 43)
		require.NotEqual(t, b.cookie(sessionCookie), first)
		require.Equal(t, cookie.Value, first)
		require.Equal(t, first, state())

		session := b.cookie(sessionCookie)
		b.setCookie(stateCookie, "what somebody planted")
		require.Equal(t, first, state(), "mended")
		b.setCookie(sessionCookie, "")
		require.Equal(t, first, b.open("/state").body, "a frame of another site brings no session, and nothing follows from it")
		b.setCookie(sessionCookie, session)

		time.Sleep(time.Minute)
		b.post("/login", "username", ada, "password", adaPassword)
		b.post("/login/code", "code", k.phone.code())
		second := state()
		require.Len(t, second, 43)
		require.NotEqual(t, first, second, "another sign-in")

		require.Equal(t, "/logout", b.post("/logout").address.Path)
		require.Empty(t, b.cookie(stateCookie), "taken back at once")
		require.Empty(t, state())
	})
}

func TestStateOfASessionThatIdledOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		w.complete(b)
		require.NotEmpty(t, b.cookie(stateCookie))
		time.Sleep(2 * time.Hour)
		require.Empty(t, b.open("/state").body)
		require.Empty(t, b.cookie(stateCookie))
	})
}

// With "keep me signed in" the state outlives the browser, as the session does.
func TestStateIsRemembered(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		set := map[string]*http.Cookie{}
		b.client.Transport = noteCookies{b.client.Transport, set}
		k := w.settled(b)
		b.submit(b.open("/login"), "username", ada, "password", adaPassword, "remember", "yes")
		b.post("/login/code", "code", k.phone.code())
		require.Equal(t, set[sessionCookie].MaxAge, set[stateCookie].MaxAge)
		require.Equal(t, 30*24*3600, set[stateCookie].MaxAge)
	})
}
