package login_test

import (
	"encoding/base32"
	"net/http"
	"strings"
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
		require.Contains(t, b.submit(wait, "code", phone.code()).body, "signed in")
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
		require.Equal(t, "/login/enroll", b.submit(b.open("/login/recovery"), "recovery_code", codes[0]).address.Path)
	})
}

func TestCancel(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		form := b.open("/begin")
		flow := form.address.Query().Get("flow")
		require.Contains(t, form.body, `href="/login/cancel?flow=`+flow+`"`)

		stranger := newBrowser(t, w.handler)
		require.Equal(t, http.StatusGone, stranger.open("/login/cancel?flow="+flow).status, "another browser cannot cancel it")

		require.Equal(t, "/oauth2/auth", b.open("/login/cancel?flow="+flow).address.Path)
		var denied bool
		stored, err := w.store.Flow(t.Context(), flow, hashOf(b.cookie(browserCookie)), time.Now())
		require.NoError(t, err)
		denied = !stored.DeniedAt.IsZero()
		require.True(t, denied)
		require.Equal(t, "/login", b.open("/login/cancel").address.Path)
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

func TestInvitationPages(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		for name, address := range map[string]string{
			"no ticket": "/invite", "malformed": "/invite?ticket=x", "unknown": "/invite?ticket=" + strings.Repeat("A", 43),
		} {
			over := newBrowser(t, w.handler).open(address)
			require.Equal(t, http.StatusGone, over.status, name)
			require.Contains(t, over.text(), "This invitation does not work", name)
		}
		link := w.invite(ada)
		b := newBrowser(t, w.handler)
		form := b.open(link)
		require.Contains(t, form.body, ada)
		require.NotContains(t, form.body, strings.TrimPrefix(link, "/invite?ticket="))
		time.Sleep(72 * time.Hour)
		require.Equal(t, http.StatusGone, b.submit(form, "new_password", adaPassword).status)
	})
	inWorld(t, func(t *testing.T, w *world) {
		link := w.invite(ada)
		b := newBrowser(t, w.handler)
		p := b.submit(b.open(link), "new_password", adaPassword)
		b.submit(b.submit(p, "code", w.scan(p).code()), "saved", "yes")
		used := newBrowser(t, w.handler).open(link)
		require.Equal(t, http.StatusGone, used.status)
	})
}

func TestComingBackToTheEnrolment(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		b.submit(b.open(w.invite(ada)), "new_password", adaPassword)
		time.Sleep(11 * time.Minute)
		require.Equal(t, "/login", b.open("/login/enroll").address.Path)
		enrol := b.submit(b.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, "/login/enroll", enrol.address.Path, "the browser still holds the invitation")
		codes := b.submit(enrol, "code", w.scan(enrol).code())
		require.Equal(t, "/account", b.submit(codes, "saved", "yes").address.Path)
	})
}

func TestFiveWrongCodesMakeANewKey(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		p := b.submit(b.open(w.invite(ada)), "new_password", adaPassword)
		old := w.scan(p)
		for range 4 {
			p = b.submit(p, "code", "x")
			require.Equal(t, old, w.scan(p))
		}
		p = b.submit(p, "code", "x")
		require.Equal(t, http.StatusUnprocessableEntity, p.status)
		require.Contains(t, p.text(), "This is a new key")
		fresh := w.scan(p)
		require.NotEqual(t, old, fresh)
		require.Equal(t, "/login/codes", b.submit(p, "code", fresh.code()).address.Path)
	})
}

// Once it is enrolled, the key is on no page any more.
func TestKeyIsNotShownAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		key := states["complete"](w, b).phone.key
		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key.Secret)
		for _, path := range []string{"/account", "/login/enroll", "/login/codes", "/login/code", "/logout", "/invite"} {
			p := b.open(path)
			require.NotContains(t, p.body, text[:8], path)
			require.NotContains(t, p.body, "otpauth:", path)
			require.Equal(t, "no-store", p.header.Get("Cache-Control"), path)
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
