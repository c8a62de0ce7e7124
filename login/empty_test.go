package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
)

// Browsers do not validate our forms: an empty field is answered with a message of Postern, and does not count as an attempt.
func TestEmptyFieldsAreNotCounted(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, codes := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b := logintest.NewBrowser(t, w.Handler)
		again := func(sentence, address string, fields ...string) {
			t.Helper()
			for range 12 {
				p := b.Post(address, fields...)
				require.Equal(t, http.StatusUnprocessableEntity, p.Status)
				require.Contains(t, p.Text(), sentence)
			}
		}
		again("Please enter your e-mail address or user name, and", "/login", "username", logintest.Ada, "password", "")
		again("Please enter your e-mail address or user name, and", "/login", "username", " ", "password", logintest.AdaPassword)
		again("Please enter your e-mail address or user name.", "/reset", "username", " ")
		code := b.Submit(b.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, "/login/code", code.Address.Path)
		again("Please enter the code", "/login/code", "code", " ")
		again("Please enter a recovery code", "/login/recovery", "recovery_code", "")
		require.Equal(t, "/account", b.Submit(code, "code", phone.Code()).Address.Path)
		again("Please enter your current password", "/account/password", "password", "", "new_password", logintest.NewPassword)
		again("Please enter the code", "/account/authenticators/new", "code", "", "name", "", "enrolment", "")
		require.Len(t, codes, 10)
	})
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		enrol := b.Submit(b.Open(w.Invite(logintest.Ada)), "new_password", logintest.AdaPassword)
		for range 12 {
			require.Contains(t, b.Submit(enrol, "code", "").Text(), "Please enter the code")
		}
		require.Equal(t, "/login/codes", b.Submit(enrol, "code", w.Scan(enrol).Code()).Address.Path)
	})
}
