package self_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account/signin"
	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage/storagetest"
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
		_, err := w.Account.SignIn.Authenticate(t.Context(), signin.PasswordAttempt{Name: logintest.Ada, Password: logintest.NewPassword, Browser: "b"}, time.Now())
		require.NoError(t, err, "nothing was changed")
	})
}

// If two tabs change the password at once, one succeeds; the session of the other has ended, and it is asked to sign in again.
func TestPasswordChangedInAnotherTab(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := logintest.New(t, storagetest.SQLite(t), storagetest.Delay(5*time.Millisecond))
		b, _ := w.SignedIn(logintest.Ada)
		form := b.Open("/account/password")
		tabs, passwords := []*logintest.Browser{b, b.Twin()}, []string{logintest.NewPassword, "nine patient herons wade"}
		var answers [2]logintest.Page
		var group sync.WaitGroup
		for i, tab := range tabs {
			group.Go(func() {
				answers[i] = tab.Submit(form, "password", logintest.AdaPassword, "new_password", passwords[i])
			})
		}
		group.Wait()
		if answers[0].Status != http.StatusOK {
			answers[0], answers[1] = answers[1], answers[0]
		}
		require.Equal(t, "/account/password?done=password", answers[0].Address.RequestURI())
		require.Equal(t, http.StatusUnprocessableEntity, answers[1].Status, answers[1].Text())
		require.Contains(t, answers[1].Text(), "That took too long, or it was finished in another tab.")
		require.Contains(t, answers[1].Body, `action="/login"`)
	})
}
