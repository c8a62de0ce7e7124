package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/login/otp"
)

var otherKey = otp.NewKey(otp.Default())

func TestHalfDoneSignInIsUselessInAnotherBrowser(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b, p := w.HalfDone()
		thief := logintest.NewBrowser(t, w.Handler)
		thief.Open("/login")
		thief.SetCookie(logintest.HalfCookie, b.Cookie(logintest.HalfCookie))
		require.Equal(t, http.StatusGone, thief.Open(p.Address.RequestURI()).Status, "nor does the URL help")
		answer := thief.Post("/login/code", "code", phone.Code())
		require.Contains(t, answer.Text(), "Please sign in again")
		require.Contains(t, thief.Open("/oauth2/auth").Body, "nobody")
	})
}

func TestHalfDoneSignInIsOver(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b, code := w.HalfDone()
		time.Sleep(5*time.Minute + time.Second)
		again := b.Submit(code, "code", phone.Code())
		require.Equal(t, http.StatusUnprocessableEntity, again.Status)
		require.Contains(t, again.Text(), "Please sign in again")
		require.Equal(t, "/login", b.Open(code.Address.RequestURI()).Address.Path)

		code = b.Submit(again, "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Contains(t, b.Submit(code, "code", phone.Code()).Body, "signed in as", "and the app still gets its response")
	})
}

func TestFinishedInAnotherTab(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b, code := w.HalfDone()
		require.Contains(t, b.Submit(code, "code", phone.Code()).Body, "signed in")
		require.Contains(t, b.Submit(code, "code", phone.Code()).Body, "signed in", "a double click continues as well")
		require.Contains(t, b.Open(code.Address.RequestURI()).Body, "signed in", "and so does the back button")
	})
}

func TestAnotherPersonInTheSameBrowser(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		adas, _ := w.Enrolled(logintest.Ada)
		eves, _ := w.Enrolled("eve@example.test")
		time.Sleep(time.Minute)
		b, _ := w.HalfDone()
		code := b.Submit(b.Open("/login"), "username", "eve@example.test", "password", logintest.AdaPassword)
		require.Contains(t, code.Text(), "eve@example.test")
		require.NotContains(t, code.Text(), logintest.Ada)
		require.Equal(t, http.StatusUnprocessableEntity, b.Submit(code, "code", adas.Code()).Status)
		require.Contains(t, b.Submit(code, "code", eves.Code()).Text(), "eve@example.test")
	})
}

func TestWaitingPage(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b, code := w.HalfDone()
		for range 5 {
			wrong := b.Submit(code, "code", "x")
			require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
			require.Contains(t, wrong.Text(), "That code did not work.")
		}
		time.Sleep(10 * time.Second)
		wait := b.Submit(code, "code", phone.Code())
		require.Equal(t, http.StatusTooManyRequests, wait.Status)
		require.Equal(t, "50", wait.Header.Get("Retry-After"))
		require.Contains(t, wait.Text(), "Too many tries. Try again in 1 minute.")
		time.Sleep(50 * time.Second)
		held := b.Submit(wait, "code", phone.Code())
		require.Equal(t, "/login/password", held.Address.Path, "a stranger's five wrong codes mean that the password is exposed")
		require.Contains(t, b.Submit(held, "new_password", logintest.NewPassword).Body, "signed in")
	})
}

func TestClockMessage(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Hour)
		b, code := w.HalfDone()
		for offset, sentence := range map[time.Duration]string{
			-4 * time.Minute: "about 4 minutes behind", 90 * time.Second: "about 90 seconds ahead",
		} {
			wrong := b.Submit(code, "code", phone.CodeAt(time.Now().Add(offset)))
			require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
			require.Contains(t, wrong.Text(), sentence)
			require.Contains(t, wrong.Text(), time.Now().UTC().Format("15:04:05 MST"), "the server's time")
		}
	})
}

func TestClosedFactor(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, codes := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		for range 100 {
			b, code := w.HalfDone()
			require.Equal(t, http.StatusUnprocessableEntity, b.Submit(code, "code", "x").Status)
			time.Sleep(time.Hour)
		}
		b, code := w.HalfDone()
		closed := b.Submit(code, "code", phone.Code())
		require.Equal(t, http.StatusForbidden, closed.Status)
		require.Contains(t, closed.Text(), "use a recovery code")
		held := b.Submit(b.Open("/login/recovery"), "recovery_code", codes[0])
		require.Equal(t, "/login/password", held.Address.Path)
		require.Equal(t, "/login/enroll", b.Submit(held, "new_password", logintest.NewPassword).Address.Path)
	})
}

// A trusted browser whose own budget is closed is no longer trusted, so that an operator is never the only way in.
func TestClosedBrowserIsForgotten(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		phone := w.Complete(b).Phone
		device := b.Cookie(logintest.TrustCookie)
		for range 100 {
			code := b.Submit(b.Open("/begin"), "username", logintest.Ada, "password", logintest.AdaPassword)
			require.Equal(t, http.StatusUnprocessableEntity, b.Submit(code, "code", "x").Status)
			time.Sleep(time.Hour)
		}
		require.Equal(t, device, b.Cookie(logintest.TrustCookie))
		code := b.Submit(b.Open("/begin"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, http.StatusForbidden, b.Submit(code, "code", phone.Code()).Status)
		require.Empty(t, b.Cookie(logintest.TrustCookie))
		require.Contains(t, b.Submit(code, "code", phone.Code()).Body, "signed in as "+logintest.Ada)
	})
}

func TestCancel(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		form := b.Open("/begin")
		flow := form.Address.Query().Get("flow")
		require.Contains(t, form.Body, `action="/login/cancel?flow=`+flow+`"`)

		stranger := logintest.NewBrowser(t, w.Handler)
		require.Equal(t, http.StatusGone, stranger.Post("/login/cancel?flow="+flow).Status, "another browser cannot cancel it")

		require.Equal(t, "/login?flow="+flow, b.Open("/login/cancel?flow="+flow).Address.RequestURI(), "a link does not cancel")
		stored, err := w.Store.Flows.ByID(t.Context(), flow, hashOf(b.Cookie(logintest.BrowserCookie)), time.Now())
		require.NoError(t, err)
		require.True(t, stored.DeniedAt.IsZero())
		require.Equal(t, "/oauth2/auth", b.Post("/login/cancel?flow="+flow).Address.Path)
		stored, err = w.Store.Flows.ByID(t.Context(), flow, hashOf(b.Cookie(logintest.BrowserCookie)), time.Now())
		require.NoError(t, err)
		require.False(t, stored.DeniedAt.IsZero())
		require.Equal(t, "/login", b.Post("/login/cancel").Address.Path)
	})
}

func TestFlowIsOver(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		form := b.Open("/begin")
		time.Sleep(10*time.Minute + time.Second)
		for _, address := range []string{form.Address.RequestURI(), "/login?flow=nonsense", "/login?flow=https://evil.example"} {
			over := b.Open(address)
			require.Equal(t, http.StatusGone, over.Status)
			require.Contains(t, over.Text(), "Please start again")
		}
	})
}

func TestPagesThatCanEndAtTheAppAllowItsRedirectURI(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		w.Enrolled(logintest.Ada)
		_, code := w.HalfDone()
		require.Contains(t, code.Header.Get("Content-Security-Policy"), "form-action 'self' https://notes.example.com")
	})
}
