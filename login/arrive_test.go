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
	link := regexp.MustCompile(regexp.QuoteMeta(origin+path) + `\?ticket=[A-Za-z0-9_-]{43}(&flow=[A-Z2-7]{26})?`)
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
		require.Contains(t, sent.text(), "Check your inbox")

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
	p.header.Del("Content-Length") // of the body, which is compared
	a := answerOf{status: p.status, path: p.address.RequestURI(), header: p.header, body: strings.ReplaceAll(p.body, fields[1], "what was typed")}
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
