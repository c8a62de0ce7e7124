package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/browser"
	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

func TestCookies(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b := logintest.NewBrowser(t, w.Handler)
		set := map[string]*http.Cookie{}
		b.Client.Transport = noteCookies{b.Client.Transport, set}
		done := b.Submit(b.Submit(b.Open("/begin"), "username", logintest.Ada, "password", logintest.AdaPassword), "code", phone.Code())
		require.Contains(t, done.Body, "signed in")
		for _, name := range []string{logintest.SessionCookie, logintest.HalfCookie, logintest.BrowserCookie, logintest.TrustCookie} {
			cookie := set[name]
			require.NotNil(t, cookie, name)
			require.True(t, cookie.Secure && cookie.HttpOnly, name)
			require.Equal(t, http.SameSiteLaxMode, cookie.SameSite, name)
			require.Equal(t, "/", cookie.Path, name)
			require.Empty(t, cookie.Domain, name)
		}
		require.Zero(t, set[logintest.SessionCookie].MaxAge, "until the browser is closed")
		require.Equal(t, 90*24*3600, set[logintest.TrustCookie].MaxAge)
		require.Len(t, b.Cookie(logintest.SessionCookie), 43)

		r := httptest.NewRequest(http.MethodGet, "/", nil)
		require.Empty(t, w.Sessions.TrustedBrowser(r))
		r.AddCookie(&http.Cookie{Name: set[logintest.TrustCookie].Name, Value: set[logintest.TrustCookie].Value})
		id := w.Sessions.TrustedBrowser(r)
		require.NotEmpty(t, id)
		time.Sleep(90*24*time.Hour - time.Second)
		require.Equal(t, id, w.Sessions.TrustedBrowser(r))
		time.Sleep(time.Second)
		require.Empty(t, w.Sessions.TrustedBrowser(r))
	})
}

func TestRemember(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b := logintest.NewBrowser(t, w.Handler)
		set := map[string]*http.Cookie{}
		b.Client.Transport = noteCookies{b.Client.Transport, set}
		code := b.Submit(b.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword, "remember", "yes")
		require.Zero(t, set[logintest.HalfCookie].MaxAge, "no long-lived cookie before the second factor")
		b.Submit(code, "code", phone.Code())
		require.Equal(t, 30*24*3600, set[logintest.SessionCookie].MaxAge)
		for range 3 {
			time.Sleep(9 * 24 * time.Hour)
			require.Equal(t, "/account", b.Open("/account").Address.Path)
		}
		time.Sleep(4 * 24 * time.Hour)
		require.Equal(t, "/login", b.Open("/account").Address.Path)
	})
}

func TestSessionIdlesOut(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		w.Complete(b)
		for range 4 {
			time.Sleep(50 * time.Minute)
			require.Equal(t, "/account", b.Open("/account").Address.Path, "a session in use does not end")
		}
		time.Sleep(time.Hour + time.Minute)
		require.Equal(t, "/login", b.Open("/account").Address.Path)
	})
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		w.Complete(b)
		for range 47 {
			time.Sleep(30 * time.Minute)
			require.Equal(t, "/account", b.Open("/account").Address.Path)
		}
		time.Sleep(30 * time.Minute)
		require.Equal(t, "/login", b.Open("/account").Address.Path, "a session ends after a day in any case")
	})
}

// A cookie that was planted before a step of the sign-in is worthless after it.
func TestPlantedCookies(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		attacker, _ := w.HalfDone()
		planted := attacker.Cookie(logintest.HalfCookie)

		victim := logintest.NewBrowser(t, w.Handler)
		victim.SetCookie(logintest.HalfCookie, planted)
		victim.SetCookie(logintest.SessionCookie, strings.Repeat("A", 43))
		code := victim.Submit(victim.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		first := victim.Cookie(logintest.HalfCookie)
		require.NotEqual(t, planted, first)
		victim.Submit(code, "code", phone.Code())
		require.NotEqual(t, strings.Repeat("A", 43), victim.Cookie(logintest.SessionCookie))
		require.Contains(t, attacker.Open("/oauth2/auth").Body, "nobody")

		thief := logintest.NewBrowser(t, w.Handler)
		thief.SetCookie(logintest.SessionCookie, first)
		require.Contains(t, thief.Open("/oauth2/auth").Body, "nobody", "the cookie of the half-done sign-in does not work as a session")
	})
}

// noteCookies records the last non-empty cookie of each name.
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

// A session in use does not end. One that is not in use ends at most a tenth of the idle time early.
func TestIdleTime(t *testing.T) {
	for _, idle := range []time.Duration{time.Minute, time.Hour, 3 * time.Hour} {
		t.Run(idle.String(), func(t *testing.T) {
			logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
				phone, _ := w.Enrolled(logintest.Ada)
				time.Sleep(time.Minute)
				b := logintest.NewBrowser(t, w.Handler)
				b.Submit(b.Submit(b.Open("/begin"), "username", logintest.Ada, "password", logintest.AdaPassword), "code", phone.Code())
				sessions, err := browser.New(browser.Config{Store: w.Store, Audit: audit.New(w.Store), Secure: true, Idle: idle})
				require.NoError(t, err)
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.AddCookie(&http.Cookie{Name: logintest.SessionCookie, Value: b.Cookie(logintest.SessionCookie)})
				use := func() error { _, err := sessions.Current(r, ""); return err }
				for range 3 + 2*time.Hour/idle { // longer than the hour for which the sign-in alone lasts
					for range 11 { // a person opens a page now and then
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
