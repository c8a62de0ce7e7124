package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/otp"
)

var otherKey = otp.NewKey(otp.Default())

// halfDone signs a new browser in by password, within a flow.
func (w *world) halfDone() (*browser, page) {
	b := newBrowser(w.t, w.handler)
	p := b.submit(b.open("/begin"), "username", ada, "password", adaPassword)
	require.Equal(w.t, "/login/code", p.address.Path, p.text())
	return b, p
}

func TestHalfDoneSignInIsUselessInAnotherBrowser(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		b, p := w.halfDone()
		thief := newBrowser(t, w.handler)
		thief.open("/login")
		thief.setCookie(halfCookie, b.cookie(halfCookie))
		require.Equal(t, http.StatusGone, thief.open(p.address.RequestURI()).status, "nor does the address help")
		answer := thief.post("/login/code", "code", phone.code())
		require.Contains(t, answer.text(), "Please sign in again")
		require.Contains(t, thief.open("/oauth2/auth").body, "nobody")
	})
}

func TestHalfDoneSignInIsOver(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		b, code := w.halfDone()
		time.Sleep(5*time.Minute + time.Second)
		again := b.submit(code, "code", phone.code())
		require.Equal(t, http.StatusUnprocessableEntity, again.status)
		require.Contains(t, again.text(), "Please sign in again")
		require.Equal(t, "/login", b.open(code.address.RequestURI()).address.Path)

		code = b.submit(again, "username", ada, "password", adaPassword)
		require.Contains(t, b.submit(code, "code", phone.code()).body, "signed in as", "and the app still gets its answer")
	})
}

func TestFinishedInAnotherTab(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		b, code := w.halfDone()
		require.Contains(t, b.submit(code, "code", phone.code()).body, "signed in")
		require.Contains(t, b.submit(code, "code", phone.code()).body, "signed in", "a double click goes on as well")
		require.Contains(t, b.open(code.address.RequestURI()).body, "signed in", "and so does the back button")
	})
}

func TestAnotherPersonInTheSameBrowser(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		adas, _ := w.enrolled(ada)
		eves, _ := w.enrolled("eve@example.test")
		time.Sleep(time.Minute)
		b, _ := w.halfDone()
		code := b.submit(b.open("/login"), "username", "eve@example.test", "password", adaPassword)
		require.Contains(t, code.text(), "eve@example.test")
		require.NotContains(t, code.text(), ada)
		require.Equal(t, http.StatusUnprocessableEntity, b.submit(code, "code", adas.code()).status)
		require.Contains(t, b.submit(code, "code", eves.code()).text(), "eve@example.test")
	})
}

func TestWaitingPage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		b, code := w.halfDone()
		for range 5 {
			wrong := b.submit(code, "code", "x")
			require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
			require.Contains(t, wrong.text(), "That code did not work.")
		}
		time.Sleep(10 * time.Second)
		wait := b.submit(code, "code", phone.code())
		require.Equal(t, http.StatusTooManyRequests, wait.status)
		require.Equal(t, "50", wait.header.Get("Retry-After"))
		require.Contains(t, wait.text(), "Too many tries. Try again in 1 minute.")
		time.Sleep(50 * time.Second)
		held := b.submit(wait, "code", phone.code())
		require.Equal(t, "/login/password", held.address.Path, "what five wrong codes of a stranger mean")
		require.Contains(t, b.submit(held, "new_password", newPassword).body, "signed in")
	})
}

func TestClockMessage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Hour)
		b, code := w.halfDone()
		for offset, sentence := range map[time.Duration]string{
			-4 * time.Minute: "about 4 minutes behind", 90 * time.Second: "about 90 seconds ahead",
		} {
			wrong := b.submit(code, "code", phone.codeAt(time.Now().Add(offset)))
			require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
			require.Contains(t, wrong.text(), sentence)
			require.Contains(t, wrong.text(), time.Now().UTC().Format("15:04:05 MST"), "the server's time")
		}
	})
}

func TestClosedFactor(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, codes := w.enrolled(ada)
		time.Sleep(time.Minute)
		for range 100 {
			b, code := w.halfDone()
			require.Equal(t, http.StatusUnprocessableEntity, b.submit(code, "code", "x").status)
			time.Sleep(time.Hour)
		}
		b, code := w.halfDone()
		closed := b.submit(code, "code", phone.code())
		require.Equal(t, http.StatusForbidden, closed.status)
		require.Contains(t, closed.text(), "use a recovery code")
		held := b.submit(b.open("/login/recovery"), "recovery_code", codes[0])
		require.Equal(t, "/login/password", held.address.Path)
		require.Equal(t, "/login/enroll", b.submit(held, "new_password", newPassword).address.Path)
	})
}

// A browser that has closed its own budget is a stranger from then on, so that waiting for an operator is never the only way.
func TestClosedBrowserIsForgotten(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		phone := states["complete"](w, b).phone
		device := b.cookie(deviceCookie)
		for range 100 {
			code := b.submit(b.open("/begin"), "username", ada, "password", adaPassword)
			require.Equal(t, http.StatusUnprocessableEntity, b.submit(code, "code", "x").status)
			time.Sleep(time.Hour)
		}
		require.Equal(t, device, b.cookie(deviceCookie))
		code := b.submit(b.open("/begin"), "username", ada, "password", adaPassword)
		require.Equal(t, http.StatusForbidden, b.submit(code, "code", phone.code()).status)
		require.Empty(t, b.cookie(deviceCookie))
		require.Contains(t, b.submit(code, "code", phone.code()).body, "signed in as "+ada)
	})
}

func TestCancel(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		form := b.open("/begin")
		flow := form.address.Query().Get("flow")
		require.Contains(t, form.body, `action="/login/cancel?flow=`+flow+`"`)

		stranger := newBrowser(t, w.handler)
		require.Equal(t, http.StatusGone, stranger.post("/login/cancel?flow="+flow).status, "another browser cannot cancel it")

		require.Equal(t, "/login?flow="+flow, b.open("/login/cancel?flow="+flow).address.RequestURI(), "a link does not cancel")
		stored, err := w.store.Flow(t.Context(), flow, hashOf(b.cookie(browserCookie)), time.Now())
		require.NoError(t, err)
		require.True(t, stored.DeniedAt.IsZero())
		require.Equal(t, "/oauth2/auth", b.post("/login/cancel?flow="+flow).address.Path)
		stored, err = w.store.Flow(t.Context(), flow, hashOf(b.cookie(browserCookie)), time.Now())
		require.NoError(t, err)
		require.False(t, stored.DeniedAt.IsZero())
		require.Equal(t, "/login", b.post("/login/cancel").address.Path)
	})
}

func TestFlowIsOver(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		form := b.open("/begin")
		time.Sleep(10*time.Minute + time.Second)
		for _, address := range []string{form.address.RequestURI(), "/login?flow=nonsense", "/login?flow=https://evil.example"} {
			over := b.open(address)
			require.Equal(t, http.StatusGone, over.status)
			require.Contains(t, over.text(), "Please start again")
		}
	})
}

func TestAnswerGoesToTheAppFromThePagesThatCanEndThere(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.enrolled(ada)
		_, code := w.halfDone()
		require.Contains(t, code.header.Get("Content-Security-Policy"), "form-action 'self' https://notes.example.com")
	})
}
