package login_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage/storagetest"
)

const (
	newPassword = "seven quiet lanterns hum"
	newAda      = "countess@example.test"
)

// mailed returns the newest link to a page that was mailed to an address, without its origin.
func (w *world) mailed(to, path string) string {
	w.t.Helper()
	mails, err := w.store.Mails(w.t.Context(), 100)
	require.NoError(w.t, err)
	link := regexp.MustCompile(regexp.QuoteMeta(origin+path) + `\?ticket=[A-Za-z0-9_-]{43}`)
	for _, m := range mails {
		if found := link.FindString(m.Body); found != "" && m.Recipient == to {
			return strings.TrimPrefix(found, origin)
		}
	}
	require.Fail(w.t, "no mail", "to %s with a link to %s", to, path)
	return ""
}

// told returns how many messages an address has got whose text says so.
func (w *world) told(to, what string) int {
	w.t.Helper()
	mails, err := w.store.Mails(w.t.Context(), 1000)
	require.NoError(w.t, err)
	count := 0
	for _, m := range mails {
		if m.Recipient == to && strings.Contains(m.Subject+m.Body, what) {
			count++
		}
	}
	return count
}

// expose has a stranger type wrong codes after the right password, and lets the wait pass.
func (w *world) expose(email string) {
	w.t.Helper()
	time.Sleep(time.Minute)
	thief := newBrowser(w.t, w.handler)
	code := thief.submit(thief.open("/login"), "username", email, "password", adaPassword)
	for range 5 {
		require.Equal(w.t, http.StatusUnprocessableEntity, thief.submit(code, "code", "x").status)
	}
	time.Sleep(time.Minute)
}

// justSignedIn returns a browser in which Ada has just signed in.
func (w *world) justSignedIn(phone phone) *browser {
	w.t.Helper()
	time.Sleep(time.Minute)
	b := newBrowser(w.t, w.handler)
	home := b.submit(b.submit(b.open("/login"), "username", ada, "password", adaPassword), "code", phone.code())
	require.Equal(w.t, "/account", home.address.Path)
	return b
}

func TestRegistrationToTheAccount(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		require.Contains(t, b.open("/login").body, `href="/register"`)
		form := b.open("/register")
		for field, message := range map[string][]string{
			"That is not an e-mail address": {"email", "ada", "name", "Ada"}, "Please enter your name": {"email", ada, "name", " "},
		} {
			wrong := b.submit(form, message...)
			require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
			require.Contains(t, wrong.text(), field)
			require.Contains(t, wrong.body, `aria-invalid="true"`)
		}
		sent := b.submit(form, "email", " "+ada+" ", "name", "Ada Example")
		require.Equal(t, "/register/sent", sent.address.RequestURI())
		require.Contains(t, sent.text(), "Look into your mailbox")

		link := w.mailed(ada, "/verify")
		there := newBrowser(t, w.handler) // on the phone, perhaps
		choose := there.open(link)
		require.Equal(t, "/verify", choose.address.RequestURI(), "the secret leaves the address at once")
		require.NotContains(t, choose.body, strings.TrimPrefix(link, "/verify?ticket="))
		require.Contains(t, choose.body, `value="`+ada+`" autocomplete="username" readonly`)
		require.Contains(t, choose.body, `autocomplete="new-password"`)
		require.Equal(t, "same-origin", choose.header.Get("Referrer-Policy"))
		require.Equal(t, http.StatusUnprocessableEntity, there.submit(choose, "new_password", "password").status)
		enrol := there.submit(choose, "new_password", adaPassword)
		require.Equal(t, "/login/enroll", enrol.address.Path)

		again := newBrowser(t, w.handler).open(link)
		require.Equal(t, "/invite", again.address.Path, "who comes back goes on")
		codes := there.submit(enrol, "code", w.scan(enrol).code())
		home := there.submit(codes, "saved", "yes")
		require.Equal(t, "/account", home.address.Path)
		require.Contains(t, home.text(), "Ada Example")
		require.Equal(t, http.StatusGone, newBrowser(t, w.handler).open(link).status)
	})
}

func TestRegistrationIsNotFoundUnlessOpen(t *testing.T) {
	for _, registration := range []account.Registration{account.RegistrationClosed, account.RegistrationInvite} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorldAs(t, storagetest.SQLite(t), registration)
			b := newBrowser(t, w.handler)
			require.NotContains(t, b.open("/login").body, "/register")
			for _, p := range []page{b.open("/register"), b.open("/register/sent"), b.post("/register", "email", ada, "name", "Ada")} {
				require.Equal(t, http.StatusNotFound, p.status)
			}
		})
	}
}

func TestRegistrationOfAnAddressTakenMeanwhile(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		b.submit(b.open("/register"), "email", ada, "name", "Ada Example")
		choose := b.open(w.mailed(ada, "/verify"))
		w.invite("ADA@example.test")
		taken := b.submit(choose, "new_password", adaPassword)
		require.Equal(t, http.StatusConflict, taken.status)
		require.Contains(t, taken.text(), "This address has an account")
	})
}

// answer is everything of an answer that somebody could tell another by.
type answerOf struct {
	status  int
	path    string
	header  http.Header
	body    string
	cookies []string
}

// ask sends the first form of a page from a browser of its own.
func (w *world) ask(path string, fields ...string) answerOf {
	b := newBrowser(w.t, w.handler)
	p := b.submit(b.open(path), fields...)
	a := answerOf{status: p.status, path: p.address.RequestURI(), header: p.header, body: p.body}
	for _, cookie := range b.jar.Cookies(mustParse(origin)) {
		a.cookies = append(a.cookies, cookie.Name)
	}
	return a
}

// Free or taken, known or not, in whichever state: one answer.
func TestAskingAnswersAlike(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.enrolled(ada)
		w.enrolled("shut@example.test")
		_, err := w.account.Disable(t.Context(), "shut@example.test", account.Operator{}, time.Now())
		require.NoError(t, err)
		w.invite("invited@example.test")
		w.enrolled("locked@example.test")
		w.expose("locked@example.test")
		for range 4 { // the last of them sends no mail to anybody
			var first [2]answerOf
			for i, name := range []string{ada, "unknown@example.test", "shut@example.test", "invited@example.test", "locked@example.test"} {
				both := [2]answerOf{w.ask("/register", "email", name, "name", "Somebody"), w.ask("/reset", "username", name)}
				if i == 0 {
					first = both
				}
				require.Equal(t, first, both, name)
				time.Sleep(3 * time.Minute) // so that the client's address has asks left
			}
			time.Sleep(time.Hour)
		}
		require.Equal(t, "/register/sent", w.ask("/register", "email", ada, "name", "Somebody").path)
		require.Equal(t, "/reset/sent", w.ask("/reset", "username", ada).path)
	})
}

func TestAskingTooMuchFromOneAddress(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		for i := range 30 {
			require.Equal(t, "/reset/sent", w.ask("/reset", "username", "p"+strconv.Itoa(i)).path)
		}
		for path, fields := range map[string][]string{"/reset": {"username", ada}, "/register": {"email", ada, "name", "Ada"}} {
			late := w.ask(path, fields...)
			require.Equal(t, http.StatusTooManyRequests, late.status, path)
			require.NotEmpty(t, late.header.Get("Retry-After"))
			require.Contains(t, late.body, "Too many tries.")
		}
	})
}

func TestForgottenPassword(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		elsewhere := w.justSignedIn(phone)
		b := newBrowser(t, w.handler)
		require.Contains(t, b.open("/login").body, `href="/reset"`)
		require.Equal(t, "/reset/sent", b.submit(b.open("/reset"), "username", ada).address.RequestURI())
		link := w.mailed(ada, "/reset/new")
		form := b.open(link)
		require.Equal(t, "/reset/new", form.address.RequestURI(), "the secret leaves the address at once")
		require.Equal(t, http.StatusUnprocessableEntity, b.submit(form, "new_password", "password").status)
		done := b.submit(form, "new_password", newPassword)
		require.Equal(t, "/reset/done", done.address.RequestURI())
		require.Empty(t, b.cookie(sessionCookie))
		require.Equal(t, "/login", b.open("/account").address.Path, "nobody is signed in by it")
		require.Equal(t, "/login", elsewhere.open("/account").address.Path, "and everybody is signed out")
		require.Equal(t, http.StatusGone, newBrowser(t, w.handler).open(link).status)

		code := b.submit(b.open("/login"), "username", ada, "password", newPassword)
		require.Equal(t, "/login/code", code.address.Path, "the code is asked for as ever")
		time.Sleep(time.Minute)
		require.Equal(t, "/account", b.submit(code, "code", phone.code()).address.Path)
		require.Equal(t, 1, w.told(ada, "Your password at Example was changed"), "the owner is told")
	})
}

func TestResetLinkIsNoOtherLink(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.enrolled(ada)
		b := newBrowser(t, w.handler)
		b.submit(b.open("/reset"), "username", ada)
		secret := strings.TrimPrefix(w.mailed(ada, "/reset/new"), "/reset/new")
		for _, page := range []string{"/invite", "/verify"} {
			require.Equal(t, http.StatusGone, newBrowser(t, w.handler).open(page+secret).status, page)
		}
		invitation := strings.TrimPrefix(w.invite("eve@example.test"), "/invite")
		require.Equal(t, http.StatusGone, newBrowser(t, w.handler).open("/reset/new"+invitation).status)
		for _, page := range []string{"/reset/new", "/verify"} {
			require.Equal(t, http.StatusGone, newBrowser(t, w.handler).open(page+"?ticket=x").status, page)
			require.Equal(t, http.StatusGone, newBrowser(t, w.handler).post(page, "new_password", newPassword).status, page)
		}
	})
}

func TestPasswordPage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		other, b := w.justSignedIn(phone), w.justSignedIn(phone)
		require.Equal(t, "/account/password", b.open("/.well-known/change-password").address.Path)
		require.Contains(t, b.visited, "/account/password")
		form := b.open("/account/password")
		require.Equal(t, http.StatusOK, form.status)
		for message, fields := range map[string][]string{
			"That is not your present password.": {"password", "wrong", "new_password", newPassword},
			"That is your present password.":     {"password", adaPassword, "new_password", adaPassword},
			"The password is":                    {"password", adaPassword, "new_password", "password"},
		} {
			wrong := b.submit(form, fields...)
			require.Equal(t, http.StatusUnprocessableEntity, wrong.status, message)
			require.Contains(t, wrong.body, `aria-invalid="true"`)
			if message != "The password is" {
				require.Contains(t, wrong.text(), message)
			}
		}
		before := b.cookie(sessionCookie)
		done := b.submit(form, "password", adaPassword, "new_password", newPassword)
		require.Equal(t, http.StatusOK, done.status)
		require.Contains(t, done.text(), "Your password is changed.")
		require.NotEqual(t, before, b.cookie(sessionCookie))
		require.Equal(t, "/login", other.open("/account").address.Path)

		time.Sleep(11 * time.Minute)
		again := b.open("/account/password")
		require.Equal(t, "/login", again.address.Path, "both factors within ten minutes")
		code := b.submit(again, "username", ada, "password", newPassword)
		require.Equal(t, "/account/password", b.submit(code, "code", phone.code()).address.Path, "and back")
		time.Sleep(11 * time.Minute)
		require.Equal(t, "/login", b.post("/account/password", "password", newPassword, "new_password", adaPassword).address.Path)
		_, err := w.account.Authenticate(t.Context(), account.PasswordAttempt{Name: ada, Password: newPassword, Browser: "b"}, time.Now())
		require.NoError(t, err, "nothing was changed")
	})
}

func TestEmailPage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		b := w.justSignedIn(phone)
		form := b.open("/account/email")
		require.Contains(t, form.text(), "We do not know yet whether this address is yours.")
		require.Contains(t, b.post("/account/email", "do", "verify").text(), "We have sent a message to your address.")
		link := w.mailed(ada, "/verify")
		scanner := newBrowser(t, w.handler)
		for range 3 {
			require.Contains(t, scanner.open(link).text(), "Is "+ada+" your address?")
		}
		require.Contains(t, b.open("/account/email").text(), "We do not know yet", "looking confirms nothing")
		confirmed := scanner.submit(scanner.open(link))
		require.Equal(t, "/verify/done", confirmed.address.RequestURI())
		require.NotContains(t, b.open("/account/email").text(), "We do not know yet")
		require.Equal(t, http.StatusGone, scanner.open(link).status)

		for _, email := range []string{"ada", ada} {
			require.Equal(t, http.StatusUnprocessableEntity, b.post("/account/email", "do", "change", "email", email).status)
		}
		waiting := b.post("/account/email", "do", "change", "email", newAda)
		require.Contains(t, waiting.text(), "It becomes your address when you follow the link in it")
		require.Equal(t, 1, w.told(ada, newAda), "the old address is told")
		first := w.mailed(newAda, "/verify")
		require.NotContains(t, b.post("/account/email", "do", "cancel").text(), newAda)
		require.Equal(t, http.StatusGone, newBrowser(t, w.handler).open(first).status)

		time.Sleep(time.Second) // the newest link is the one that was mailed last
		b.post("/account/email", "do", "change", "email", newAda)
		before := b.cookie(sessionCookie)
		ask := b.open(w.mailed(newAda, "/verify"))
		require.Equal(t, "/verify", ask.address.RequestURI())
		require.Contains(t, ask.text(), newAda)
		require.Equal(t, "/verify/done", b.submit(ask).address.RequestURI())
		require.NotEqual(t, before, b.cookie(sessionCookie))
		require.Contains(t, b.open("/account/email").text(), "Your address is "+newAda)
		time.Sleep(11 * time.Minute)
		require.Equal(t, "/login", b.post("/account/email", "do", "change", "email", "third@example.test").address.Path)
	})
}

// Whether an address is somebody's is not told to who is signed in either.
func TestEmailPageAnswersAlike(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		w.invite("taken1@example.test")
		b := w.justSignedIn(phone)
		var pages []string
		for _, email := range []string{"taken1@example.test", "free01@example.test"} {
			p := b.post("/account/email", "do", "change", "email", email)
			pages = append(pages, strings.ReplaceAll(p.body, email, "ADDRESS"))
		}
		require.Equal(t, pages[0], pages[1])
		require.Equal(t, 1, w.told("taken1@example.test", "You have an account at Example already"), "only its mailbox learns")
	})
}

func TestExposedAccount(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		w.expose(ada)
		b := newBrowser(t, w.handler)
		code := b.submit(b.open("/begin"), "username", ada, "password", adaPassword)
		held := b.submit(code, "code", phone.code())
		require.Equal(t, "/login/password", held.address.Path)
		require.Contains(t, held.text(), "they know your password")
		require.Contains(t, b.open("/oauth2/auth").body, "nobody", "no app learns of it")
		for _, path := range []string{"/login", "/account", "/account/password", "/account/email", "/login/enroll", "/login/code", "/login/codes"} {
			require.Equal(t, "/login/password", b.open(path).address.Path, path)
		}
		require.Equal(t, http.StatusUnprocessableEntity, b.submit(held, "new_password", adaPassword).status, "another one")
		require.Equal(t, http.StatusUnprocessableEntity, b.submit(held, "new_password", "password").status)
		require.Equal(t, "signed in as ada@example.test by pwd otp mfa", b.submit(held, "new_password", newPassword).body)
		require.Equal(t, "/account", b.open("/login/password").address.Path, "the page has done its work")
	})
}

func TestSignOutOfAHeldSignIn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		states["held"](w, b)
		out := b.open("/logout")
		require.Contains(t, out.text(), ada)
		require.Contains(t, b.submit(out).text(), "You are signed out")
		require.Equal(t, "/login", b.open("/login/password").address.Path)
		require.Equal(t, http.StatusOK, b.open("/login").status)
	})
}

// A password alone never adds a factor; with the mailbox it may.
func TestEnrolLinkByMail(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		b.submit(b.open("/register"), "email", ada, "name", "Ada Example")
		b.submit(b.open(w.mailed(ada, "/verify")), "new_password", adaPassword)
		time.Sleep(80 * time.Hour) // and nothing more, until the link has expired
		other := newBrowser(t, w.handler)
		needed := other.submit(other.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, http.StatusForbidden, needed.status)
		sent := other.submit(needed)
		require.Contains(t, sent.text(), "We have sent a message")
		require.Equal(t, "/login/enroll/link", sent.address.Path)
		enrol := other.submit(other.open(w.mailed(ada, "/invite")), "new_password", newPassword)
		require.Equal(t, "/login/enroll", enrol.address.Path)
		w.scan(enrol)
	})
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		states["password only, no authenticator"](w, b) // of an address that nobody has checked
		require.NotContains(t, b.open("/login/enroll").body, "<form")
		b.post("/login/enroll/link")
		require.Zero(t, w.told(ada, "Connect your authenticator to Example"))
	})
}
