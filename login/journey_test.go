package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	sessionCookie = "__Host-postern_session"
	halfCookie    = "__Host-postern_signin"
	browserCookie = "__Host-postern_browser"
	deviceCookie  = "__Host-postern_device"
	ticketCookie  = "__Host-postern_ticket"
	stateCookie   = "__Host-postern_state"
)

func TestInvitationToSession(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)

		welcome := b.open(w.invite(ada))
		require.Equal(t, http.StatusOK, welcome.status)
		require.Equal(t, "/invite", welcome.address.RequestURI(), "the secret has left the address")

		weak := b.submit(welcome, "new_password", "password1")
		require.Equal(t, http.StatusUnprocessableEntity, weak.status)
		require.Contains(t, weak.text(), "one of the most common ones")

		enrol := b.submit(weak, "new_password", adaPassword)
		require.Equal(t, "/login/enroll", enrol.address.RequestURI())
		phone := w.scan(enrol)
		require.Equal(t, phone, w.scan(b.open("/login/enroll")), "a reload shows the same key")

		wrong := b.submit(enrol, "code", "000000")
		require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
		require.Equal(t, phone, w.scan(wrong), "a wrong code keeps the key")

		codes := b.submit(wrong, "code", phone.code())
		require.Equal(t, "/login/codes", codes.address.RequestURI())
		require.Len(t, recoveryCodes(codes), 10)
		require.Equal(t, recoveryCodes(codes), recoveryCodes(b.open("/login/codes")), "a reload shows the same codes")
		require.Empty(t, b.cookie(sessionCookie))

		unticked := b.submit(codes)
		require.Equal(t, http.StatusUnprocessableEntity, unticked.status)
		require.Empty(t, b.cookie(sessionCookie))

		home := b.submit(unticked, "saved", "yes")
		require.Equal(t, "/account", home.address.RequestURI())
		require.Contains(t, home.text(), "Recovery codes 10 left")
		require.NotEmpty(t, b.cookie(sessionCookie))
		require.Empty(t, b.cookie(halfCookie))
		require.Empty(t, b.cookie(ticketCookie))

		again := newBrowser(t, w.handler)
		signIn := again.submit(again.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, http.StatusUnprocessableEntity, again.submit(signIn, "code", phone.code()).status, "the confirming code is used up")

		signedOut := b.submit(home)
		require.Equal(t, "/logout", signedOut.address.RequestURI())
		require.Contains(t, signedOut.text(), "You are signed out")
		require.Equal(t, "/login", b.open("/account").address.RequestURI())
	})
}

func TestPasswordAndCodeToTheApp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		time.Sleep(time.Minute)
		b := newBrowser(t, w.handler)

		form := b.open("/begin")
		require.Contains(t, form.text(), "Sign in to continue to Harbour Notes")
		code := b.submit(form, "username", "ADA@example.test", "password", adaPassword)
		require.Equal(t, "/login/code", code.address.Path)
		require.Empty(t, b.cookie(sessionCookie))

		wrong := b.submit(code, "code", "123")
		require.Equal(t, http.StatusUnprocessableEntity, wrong.status)
		typed := phone.code()
		done := b.submit(wrong, "code", typed[:3]+" "+typed[3:])
		require.Equal(t, "signed in as ada@example.test by pwd otp mfa", done.body)
		require.Equal(t, "/oauth2/auth", done.address.Path)
	})
}

func TestRecoveryCode(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		old, codes := w.enrolled(ada)
		time.Sleep(time.Minute)
		b := newBrowser(t, w.handler)
		b.submit(b.open("/begin"), "username", ada, "password", adaPassword)
		flow := b.visited[len(b.visited)-1]
		recovery := b.open("/login/recovery" + flow[len("/login/code"):])

		enrol := b.submit(recovery, "recovery_code", codes[3])
		require.Equal(t, "/login/enroll", enrol.address.Path)
		require.Equal(t, "signed in as ada@example.test by pwd mfa", b.open("/oauth2/auth").body)

		require.Contains(t, enrol.body, `href="`+origin+"/oauth2/auth"+flow[len("/login/code"):]+`">Continue without`)

		fresh := w.scan(enrol)
		shown := b.submit(enrol, "code", fresh.code())
		done := b.submit(shown, "saved", "yes")
		require.Equal(t, "signed in as ada@example.test by pwd otp mfa", done.body)

		time.Sleep(time.Minute)
		other := newBrowser(t, w.handler)
		code := other.submit(other.open("/login"), "username", ada, "password", adaPassword)
		require.Equal(t, http.StatusUnprocessableEntity, other.submit(code, "code", old.code()).status, "the lost phone is no factor any more")
		require.Equal(t, http.StatusOK, other.submit(code, "code", fresh.code()).status)
	})
}
