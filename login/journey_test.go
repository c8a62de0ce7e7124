package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
)

func TestInvitationToSession(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)

		welcome := b.Open(w.Invite(logintest.Ada))
		require.Equal(t, http.StatusOK, welcome.Status)
		require.Equal(t, "/invite", welcome.Address.RequestURI(), "the secret has left the address")

		weak := b.Submit(welcome, "new_password", "password1")
		require.Equal(t, http.StatusUnprocessableEntity, weak.Status)
		require.Contains(t, weak.Text(), "one of the most common ones")

		enrol := b.Submit(weak, "new_password", logintest.AdaPassword)
		require.Equal(t, "/login/enroll", enrol.Address.RequestURI())
		phone := w.Scan(enrol)
		require.Equal(t, phone, w.Scan(b.Open("/login/enroll")), "a reload shows the same key")

		wrong := b.Submit(enrol, "code", "000000")
		require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		require.Equal(t, phone, w.Scan(wrong), "a wrong code keeps the key")

		codes := b.Submit(wrong, "code", phone.Code())
		require.Equal(t, "/login/codes", codes.Address.RequestURI())
		require.Len(t, logintest.RecoveryCodes(codes), 10)
		require.Equal(t, logintest.RecoveryCodes(codes), logintest.RecoveryCodes(b.Open("/login/codes")), "a reload shows the same codes")
		require.Empty(t, b.Cookie(logintest.SessionCookie))

		unticked := b.Submit(codes)
		require.Equal(t, http.StatusUnprocessableEntity, unticked.Status)
		require.Empty(t, b.Cookie(logintest.SessionCookie))

		home := b.Submit(unticked, "saved", "yes")
		require.Equal(t, "/account", home.Address.RequestURI())
		require.Contains(t, home.Text(), "Recovery codes 10 left")
		require.NotEmpty(t, b.Cookie(logintest.SessionCookie))
		require.Empty(t, b.Cookie(logintest.HalfCookie))
		require.Empty(t, b.Cookie(logintest.InvitationCookie))

		again := logintest.NewBrowser(t, w.Handler)
		signIn := again.Submit(again.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, http.StatusUnprocessableEntity, again.Submit(signIn, "code", phone.Code()).Status, "the confirming code is used up")

		signedOut := b.Submit(home)
		require.Equal(t, "/logout", signedOut.Address.RequestURI())
		require.Contains(t, signedOut.Text(), "You are signed out")
		require.Equal(t, "/login", b.Open("/account").Address.RequestURI())
	})
}

func TestPasswordAndCodeToTheApp(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b := logintest.NewBrowser(t, w.Handler)

		form := b.Open("/begin")
		require.Contains(t, form.Text(), "Sign in to continue to Harbour Notes")
		code := b.Submit(form, "username", "ADA@example.test", "password", logintest.AdaPassword)
		require.Equal(t, "/login/code", code.Address.Path)
		require.Empty(t, b.Cookie(logintest.SessionCookie))

		wrong := b.Submit(code, "code", "123")
		require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		typed := phone.Code()
		done := b.Submit(wrong, "code", typed[:3]+" "+typed[3:])
		require.Equal(t, "signed in as ada@example.test by pwd otp mfa", done.Body)
		require.Equal(t, "/oauth2/auth", done.Address.Path)
	})
}

func TestRecoveryCode(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		old, codes := w.Enrolled(logintest.Ada)
		time.Sleep(time.Minute)
		b := logintest.NewBrowser(t, w.Handler)
		b.Submit(b.Open("/begin"), "username", logintest.Ada, "password", logintest.AdaPassword)
		flow := b.Visited[len(b.Visited)-1]
		recovery := b.Open("/login/recovery" + flow[len("/login/code"):])

		enrol := b.Submit(recovery, "recovery_code", codes[3])
		require.Equal(t, "/login/enroll", enrol.Address.Path)
		require.Equal(t, "signed in as ada@example.test by pwd mfa", b.Open("/oauth2/auth").Body)

		require.Contains(t, enrol.Body, `href="`+logintest.Origin+"/oauth2/auth"+flow[len("/login/code"):]+`">Continue without`)

		fresh := w.Scan(enrol)
		shown := b.Submit(enrol, "code", fresh.Code())
		done := b.Submit(shown, "saved", "yes")
		require.Equal(t, "signed in as ada@example.test by pwd otp mfa", done.Body)

		time.Sleep(time.Minute)
		other := logintest.NewBrowser(t, w.Handler)
		code := other.Submit(other.Open("/login"), "username", logintest.Ada, "password", logintest.AdaPassword)
		require.Equal(t, http.StatusUnprocessableEntity, other.Submit(code, "code", old.Code()).Status, "the lost phone is no factor any more")
		require.Equal(t, http.StatusOK, other.Submit(code, "code", fresh.Code()).Status)
	})
}
