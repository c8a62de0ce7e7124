package self_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/logintest"
)

func TestPasswordPage(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		other, b := w.JustSignedIn(phone), w.JustSignedIn(phone)
		require.Equal(t, "/account/password", b.Open("/.well-known/change-password").Address.Path)
		require.Contains(t, b.Visited, "/account/password")
		form := b.Open("/account/password")
		require.Equal(t, http.StatusOK, form.Status)
		for message, fields := range map[string][]string{
			"That is not your current password.": {"password", "wrong", "new_password", logintest.NewPassword},
			"That is your current password.":     {"password", logintest.AdaPassword, "new_password", logintest.AdaPassword},
			"The password is":                    {"password", logintest.AdaPassword, "new_password", "password"},
		} {
			wrong := b.Submit(form, fields...)
			require.Equal(t, http.StatusUnprocessableEntity, wrong.Status, message)
			require.Contains(t, wrong.Body, `aria-invalid="true"`)
			if message != "The password is" {
				require.Contains(t, wrong.Text(), message)
			}
		}
		before := b.Cookie(logintest.SessionCookie)
		done := b.Submit(form, "password", logintest.AdaPassword, "new_password", logintest.NewPassword)
		require.Equal(t, http.StatusOK, done.Status)
		require.Contains(t, done.Text(), "Your password has been changed.")
		require.NotEqual(t, before, b.Cookie(logintest.SessionCookie))
		require.Equal(t, "/login", other.Open("/account").Address.Path)

		time.Sleep(11 * time.Minute)
		again := b.Open("/account/password")
		require.Equal(t, "/login", again.Address.Path, "both factors within ten minutes")
		code := b.Submit(again, "username", logintest.Ada, "password", logintest.NewPassword)
		require.Equal(t, "/account/password", b.Submit(code, "code", phone.Code()).Address.Path, "and back")
		time.Sleep(11 * time.Minute)
		require.Equal(t, "/login", b.Post("/account/password", "password", logintest.NewPassword, "new_password", logintest.AdaPassword).Address.Path)
		_, err := w.Account.Authenticate(t.Context(), account.PasswordAttempt{Name: logintest.Ada, Password: logintest.NewPassword, Browser: "b"}, time.Now())
		require.NoError(t, err, "nothing was changed")
	})
}
