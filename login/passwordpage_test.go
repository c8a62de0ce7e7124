package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
)

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
			"That is not your current password.": {"password", "wrong", "new_password", newPassword},
			"That is your current password.":     {"password", adaPassword, "new_password", adaPassword},
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
		require.Contains(t, done.text(), "Your password has been changed.")
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
