package login_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/journeys"
	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestSignUpToTheAccount(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		require.Contains(t, b.Open("/login").Body, `href="/register"`)
		form := b.Open("/register")
		for field, message := range map[string][]string{
			"That is not an e-mail address": {"email", "ada", "name", "Ada"}, "Please enter your name": {"email", logintest.Ada, "name", " "},
		} {
			wrong := b.Submit(form, message...)
			require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
			require.Contains(t, wrong.Text(), field)
			require.Contains(t, wrong.Body, `aria-invalid="true"`)
		}
		sent := b.Submit(form, "email", " "+logintest.Ada+" ", "name", "Ada Example")
		require.Equal(t, "/register/sent", sent.Address.RequestURI())
		require.Contains(t, sent.Text(), "Check your inbox")

		link := w.Mailed(logintest.Ada, "/verify")
		there := logintest.NewBrowser(t, w.Handler) // on the phone, perhaps
		choose := there.Open(link)
		require.Equal(t, "/verify", choose.Address.RequestURI(), "the secret is removed from the URL at once")
		require.NotContains(t, choose.Body, strings.TrimPrefix(link, "/verify?ticket="))
		require.Contains(t, choose.Body, `value="`+logintest.Ada+`" autocomplete="username" readonly`)
		require.Contains(t, choose.Body, `autocomplete="new-password"`)
		require.Equal(t, "same-origin", choose.Header.Get("Referrer-Policy"))
		require.Equal(t, http.StatusUnprocessableEntity, there.Submit(choose, "new_password", "password").Status)
		enrol := there.Submit(choose, "new_password", logintest.AdaPassword)
		require.Equal(t, "/login/enroll", enrol.Address.Path)

		again := logintest.NewBrowser(t, w.Handler).Open(link)
		require.Equal(t, "/invite", again.Address.Path, "a person who comes back continues")
		codes := there.Submit(enrol, "code", w.Scan(enrol).Code())
		home := there.Submit(codes, "saved", "yes")
		require.Equal(t, "/account", home.Address.Path)
		require.Contains(t, home.Text(), "Ada Example")
		require.Equal(t, http.StatusGone, logintest.NewBrowser(t, w.Handler).Open(link).Status)
	})
}

func TestSignUpIsNotFoundUnlessOpen(t *testing.T) {
	for _, signUp := range []account.SignUp{account.SignUpClosed, account.SignUpInvite} {
		synctest.Test(t, func(t *testing.T) {
			w := logintest.NewWith(t, storagetest.SQLite(t), func(c *journeys.Config) { c.SignUp = signUp })
			b := logintest.NewBrowser(t, w.Handler)
			require.NotContains(t, b.Open("/login").Body, "/register")
			for _, p := range []logintest.Page{b.Open("/register"), b.Open("/register/sent"), b.Post("/register", "email", logintest.Ada, "name", "Ada")} {
				require.Equal(t, http.StatusNotFound, p.Status)
			}
		})
	}
}

func TestSignUpWithAnAddressTakenMeanwhile(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		b.Submit(b.Open("/register"), "email", logintest.Ada, "name", "Ada Example")
		choose := b.Open(w.Mailed(logintest.Ada, "/verify"))
		w.Invite("ADA@example.test")
		taken := b.Submit(choose, "new_password", logintest.AdaPassword)
		require.Equal(t, http.StatusConflict, taken.Status)
		require.Contains(t, taken.Text(), "This address has an account")
	})
}

// answer is everything by which two answers could be told apart.
type answerOf struct {
	status  int
	path    string
	header  http.Header
	body    string
	cookies []string
}

// ask sends the first form of a page in a new browser.
func ask(w *logintest.World, path string, fields ...string) answerOf {
	b := logintest.NewBrowser(w.T, w.Handler)
	p := b.Submit(b.Open(path), fields...)
	p.Header.Del("Content-Length") // hash of the body
	a := answerOf{status: p.Status, path: p.Address.RequestURI(), header: p.Header, body: strings.ReplaceAll(p.Body, fields[1], "what was typed")}
	for _, cookie := range b.Jar.Cookies(logintest.MustParse(logintest.Origin)) {
		a.cookies = append(a.cookies, cookie.Name)
	}
	return a
}

// The answer is the same for free and taken addresses, for known and unknown names, and in every state of the account.
func TestAskingAnswersAlike(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		w.Enrolled(logintest.Ada)
		w.Enrolled("shut@example.test")
		_, err := w.Account.Operate.Disable(t.Context(), "shut@example.test", audit.Operator(), time.Now())
		require.NoError(t, err)
		w.Invite("invited@example.test")
		w.Enrolled("locked@example.test")
		w.Expose("locked@example.test")
		for range 4 { // the last of them sends no message
			var first [2]answerOf
			for i, name := range []string{logintest.Ada, "unknown@example.test", "shut@example.test", "invited@example.test", "locked@example.test"} {
				both := [2]answerOf{ask(w, "/register", "email", name, "name", "Somebody"), ask(w, "/reset", "username", name)}
				if i == 0 {
					first = both
				}
				require.Equal(t, first, both, name)
				time.Sleep(3 * time.Minute) // so that the budget of the client IP is not used up
			}
			time.Sleep(time.Hour)
		}
		require.Equal(t, "/register/sent", ask(w, "/register", "email", logintest.Ada, "name", "Somebody").path)
		require.Equal(t, "/reset/sent", ask(w, "/reset", "username", logintest.Ada).path)
	})
}

func TestAskingTooMuchFromOneAddress(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		for i := range 30 {
			require.Equal(t, "/reset/sent", ask(w, "/reset", "username", "p"+strconv.Itoa(i)).path)
		}
		for path, fields := range map[string][]string{"/reset": {"username", logintest.Ada}, "/register": {"email", logintest.Ada, "name", "Ada"}} {
			late := ask(w, path, fields...)
			require.Equal(t, http.StatusTooManyRequests, late.status, path)
			require.NotEmpty(t, late.header.Get("Retry-After"))
			require.Contains(t, late.body, "Too many tries.")
		}
	})
}
