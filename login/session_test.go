package login_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cookies "github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

func TestCookies(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		b := newBrowser(t, w.handler)
		set := map[string]*http.Cookie{}
		b.client.Transport = noteCookies{b.client.Transport, set}
		done := b.submit(b.submit(b.open("/begin"), "username", ada, "password", adaPassword), "code", phone.code())
		require.Contains(t, done.body, "signed in")
		for _, name := range []string{sessionCookie, halfCookie, browserCookie, deviceCookie} {
			cookie := set[name]
			require.NotNil(t, cookie, name)
			require.True(t, cookie.Secure && cookie.HttpOnly, name)
			require.Equal(t, http.SameSiteLaxMode, cookie.SameSite, name)
			require.Equal(t, "/", cookie.Path, name)
			require.Empty(t, cookie.Domain, name)
		}
		require.Zero(t, set[sessionCookie].MaxAge, "until the browser is closed")
		require.Equal(t, 90*24*3600, set[deviceCookie].MaxAge)
		require.Len(t, b.cookie(sessionCookie), 43)

		r := httptest.NewRequest(http.MethodGet, "/", nil)
		require.Empty(t, w.sessions.TrustedBrowser(r))
		r.AddCookie(&http.Cookie{Name: set[deviceCookie].Name, Value: set[deviceCookie].Value})
		id := w.sessions.TrustedBrowser(r)
		require.NotEmpty(t, id)
		time.Sleep(90*24*time.Hour - time.Second)
		require.Equal(t, id, w.sessions.TrustedBrowser(r))
		time.Sleep(time.Second)
		require.Empty(t, w.sessions.TrustedBrowser(r))
	})
}

func TestRemember(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		b := newBrowser(t, w.handler)
		set := map[string]*http.Cookie{}
		b.client.Transport = noteCookies{b.client.Transport, set}
		code := b.submit(b.open("/login"), "username", ada, "password", adaPassword, "remember", "yes")
		require.Zero(t, set[halfCookie].MaxAge, "no long-lived cookie before the second factor")
		b.submit(code, "code", phone.code())
		require.Equal(t, 30*24*3600, set[sessionCookie].MaxAge)
		for range 3 {
			time.Sleep(9 * 24 * time.Hour)
			require.Equal(t, "/account", b.open("/account").address.Path)
		}
		time.Sleep(4 * 24 * time.Hour)
		require.Equal(t, "/login", b.open("/account").address.Path)
	})
}

func TestSessionIdlesOut(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		states["complete"](w, b)
		for range 4 {
			time.Sleep(50 * time.Minute)
			require.Equal(t, "/account", b.open("/account").address.Path, "in use, it lives on")
		}
		time.Sleep(time.Hour + time.Minute)
		require.Equal(t, "/login", b.open("/account").address.Path)
	})
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		states["complete"](w, b)
		for range 47 {
			time.Sleep(30 * time.Minute)
			require.Equal(t, "/account", b.open("/account").address.Path)
		}
		time.Sleep(30 * time.Minute)
		require.Equal(t, "/login", b.open("/account").address.Path, "a day is the end in any case")
	})
}

// Whatever was planted before a level is worth nothing after it.
func TestPlantedCookies(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		attacker, _ := w.halfDone()
		planted := attacker.cookie(halfCookie)

		victim := newBrowser(t, w.handler)
		victim.setCookie(halfCookie, planted)
		victim.setCookie(sessionCookie, strings.Repeat("A", 43))
		code := victim.submit(victim.open("/login"), "username", ada, "password", adaPassword)
		first := victim.cookie(halfCookie)
		require.NotEqual(t, planted, first)
		victim.submit(code, "code", phone.code())
		require.NotEqual(t, strings.Repeat("A", 43), victim.cookie(sessionCookie))
		require.Contains(t, attacker.open("/oauth2/auth").body, "nobody")

		thief := newBrowser(t, w.handler)
		thief.setCookie(sessionCookie, first)
		require.Contains(t, thief.open("/oauth2/auth").body, "nobody", "the cookie of the half-done sign-in is no session")
	})
}

// noteCookies remembers the last non-empty cookie of each name.
type noteCookies struct {
	http.RoundTripper
	set map[string]*http.Cookie
}

func (n noteCookies) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := n.RoundTripper.RoundTrip(r)
	if err == nil {
		for _, cookie := range response.Cookies() {
			if cookie.Value != "" {
				n.set[cookie.Name] = cookie
			}
		}
	}
	return response, err
}

// A session that is in use does not end, and one that is not ends a tenth of the idle time early at most.
func TestIdleTime(t *testing.T) {
	for _, idle := range []time.Duration{time.Minute, time.Hour, 3 * time.Hour} {
		t.Run(idle.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				phone, _ := w.enrolled(ada)
				time.Sleep(time.Minute)
				b := newBrowser(t, w.handler)
				b.submit(b.submit(b.open("/begin"), "username", ada, "password", adaPassword), "code", phone.code())
				sessions, err := cookies.New(cookies.Config{Store: w.store, Audit: audit.New(w.store), Secure: true, Idle: idle})
				require.NoError(t, err)
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.AddCookie(&http.Cookie{Name: sessionCookie, Value: b.cookie(sessionCookie)})
				use := func() error { _, err := sessions.Current(r, ""); return err }
				for range 3 + 2*time.Hour/idle { // beyond the hour that the sign-in itself lasts
					for range 11 { // as a person who opens a page now and then
						require.NoError(t, use())
						time.Sleep(idle / 12)
					}
					require.NoError(t, use())
					time.Sleep(idle*9/10 - 1)
					require.NoError(t, use())
				}
				time.Sleep(idle)
				require.ErrorIs(t, use(), storage.ErrNotFound)
			})
		})
	}
}
