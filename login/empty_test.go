package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Browsers do not look at our forms: a field that was left empty gets a sentence of ours, and counts as no try.
func TestEmptyFieldsAreNoTries(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, codes := w.enrolled(ada)
		time.Sleep(time.Minute)
		b := newBrowser(t, w.handler)
		again := func(sentence, address string, fields ...string) {
			t.Helper()
			for range 12 {
				p := b.post(address, fields...)
				require.Equal(t, http.StatusUnprocessableEntity, p.status)
				require.Contains(t, p.text(), sentence)
			}
		}
		again("Please enter your e-mail address or user name, and", "/login", "username", ada, "password", "")
		again("Please enter your e-mail address or user name, and", "/login", "username", " ", "password", adaPassword)
		again("Please enter your e-mail address or user name.", "/reset", "username", " ")
		code := b.submit(b.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, "/login/code", code.address.Path)
		again("Please enter the code", "/login/code", "code", " ")
		again("Please enter a recovery code", "/login/recovery", "recovery_code", "")
		require.Equal(t, "/account", b.submit(code, "code", phone.code()).address.Path)
		again("Please enter your current password", "/account/password", "password", "", "new_password", newPassword)
		again("Please enter the code", "/account/authenticators/new", "code", "", "name", "", "enrolment", "")
		require.Len(t, codes, 10)
	})
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		enrol := b.submit(b.open(w.invite(ada)), "new_password", adaPassword)
		for range 12 {
			require.Contains(t, b.submit(enrol, "code", "").text(), "Please enter the code")
		}
		require.Equal(t, "/login/codes", b.submit(enrol, "code", w.scan(enrol).code()).address.Path)
	})
}
