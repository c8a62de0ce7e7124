package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
)

func TestForgottenPassword(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		elsewhere := w.JustSignedIn(phone)
		b := logintest.NewBrowser(t, w.Handler)
		require.Contains(t, b.Open("/login").Body, `href="/reset"`)
		require.Equal(t, "/reset/sent", b.Submit(b.Open("/reset"), "username", logintest.Ada).Address.RequestURI())
		link := w.Mailed(logintest.Ada, "/reset/new")
		form := b.Open(link)
		require.Equal(t, "/reset/new", form.Address.RequestURI(), "the secret is removed from the URL at once")
		require.Equal(t, http.StatusUnprocessableEntity, b.Submit(form, "new_password", "password").Status)
		done := b.Submit(form, "new_password", logintest.NewPassword)
		require.Equal(t, "/reset/done", done.Address.RequestURI())
		require.Empty(t, b.Cookie(logintest.SessionCookie))
		require.Equal(t, "/login", b.Open("/account").Address.Path, "it signs nobody in")
		require.Equal(t, "/login", elsewhere.Open("/account").Address.Path, "and ends all sessions")
		require.Equal(t, http.StatusGone, logintest.NewBrowser(t, w.Handler).Open(link).Status)

		code := b.Submit(b.Open("/login"), "username", logintest.Ada, "password", logintest.NewPassword)
		require.Equal(t, "/login/code", code.Address.Path, "the next sign-in asks for the code as always")
		time.Sleep(time.Minute)
		require.Equal(t, "/account", b.Submit(code, "code", phone.Code()).Address.Path)
		require.Equal(t, 1, w.Told(logintest.Ada, "Your password at Example was changed"), "the owner is told")
	})
}

func TestResetLinkIsForResetOnly(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		w.Enrolled(logintest.Ada)
		b := logintest.NewBrowser(t, w.Handler)
		b.Submit(b.Open("/reset"), "username", logintest.Ada)
		secret := strings.TrimPrefix(w.Mailed(logintest.Ada, "/reset/new"), "/reset/new")
		for _, page := range []string{"/invite", "/verify"} {
			require.Equal(t, http.StatusGone, logintest.NewBrowser(t, w.Handler).Open(page+secret).Status, page)
		}
		invitation := strings.TrimPrefix(w.Invite("eve@example.test"), "/invite")
		require.Equal(t, http.StatusGone, logintest.NewBrowser(t, w.Handler).Open("/reset/new"+invitation).Status)
		for _, page := range []string{"/reset/new", "/verify"} {
			require.Equal(t, http.StatusGone, logintest.NewBrowser(t, w.Handler).Open(page+"?ticket=x").Status, page)
			require.Equal(t, http.StatusGone, logintest.NewBrowser(t, w.Handler).Post(page, "new_password", logintest.NewPassword).Status, page)
		}
	})
}

func TestExposedAccount(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		w.Expose(logintest.Ada)
		b := logintest.NewBrowser(t, w.Handler)
		code := b.Submit(b.Open("/begin"), "username", logintest.Ada, "password", logintest.AdaPassword)
		held := b.Submit(code, "code", phone.Code())
		require.Equal(t, "/login/password", held.Address.Path)
		require.Contains(t, held.Text(), "they know your password")
		require.Contains(t, b.Open("/oauth2/auth").Body, "nobody", "no app learns of the held sign-in")
		for _, path := range []string{"/login", "/account", "/account/password", "/account/email", "/login/enroll", "/login/code", "/login/codes"} {
			require.Equal(t, "/login/password", b.Open(path).Address.Path, path)
		}
		require.Equal(t, http.StatusUnprocessableEntity, b.Submit(held, "new_password", logintest.AdaPassword).Status, "another one")
		require.Equal(t, http.StatusUnprocessableEntity, b.Submit(held, "new_password", "password").Status)
		require.Equal(t, "signed in as ada@example.test by pwd otp mfa", b.Submit(held, "new_password", logintest.NewPassword).Body)
		require.Equal(t, "/account", b.Open("/login/password").Address.Path, "the page is over")
	})
}

func TestSignOutOfAHeldSignIn(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		states["held"](w, b)
		out := b.Open("/logout")
		require.Contains(t, out.Text(), logintest.Ada)
		require.Contains(t, b.Submit(out).Text(), "You are signed out")
		require.Equal(t, "/login", b.Open("/login/password").Address.Path)
		require.Equal(t, http.StatusOK, b.Open("/login").Status)
	})
}
