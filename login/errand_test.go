package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account"
)

// arrive registers from the sign-in page of an app's request and returns the page that the mailed link leads another browser, or the same,
// to.
func (w *world) arrive(b, reader *browser, form page) page {
	w.t.Helper()
	flow := form.address.RequestURI()[len("/login"):]
	require.Contains(w.t, form.body, `href="/register`+flow+`"`)
	sent := b.submit(b.open("/register"+flow), "email", newAda, "name", "Countess")
	require.Equal(w.t, "/register/sent"+flow, sent.address.RequestURI())
	require.Contains(w.t, sent.text(), "Back to sign-in")
	return reader.open(w.mailed(newAda, "/verify"))
}

// setUp goes from the page for the first password to the end of the enrolment.
func (w *world) setUp(b *browser, password page) page {
	w.t.Helper()
	enrol := b.submit(password, "new_password", newPassword)
	codes := b.submit(enrol, "code", w.scan(enrol).code())
	return b.submit(codes, "saved", "yes")
}

func TestRegistrationLeadsBackToTheApp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		form := b.open("/begin")
		flow := form.address.Query().Get("flow")
		password := w.arrive(b, b, form)
		require.Equal(t, "/verify?flow="+flow, password.address.RequestURI(), "the secret has left the address")
		end := w.setUp(b, password)
		require.Equal(t, "/oauth2/auth?flow="+flow, end.address.RequestURI())
		require.Contains(t, end.body, "signed in as "+newAda)
	})
}

// A request that is over does not keep anybody from finishing, and its app stays in sight.
func TestRegistrationOutlivesTheRequest(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		form := b.open("/begin")
		flow := form.address.Query().Get("flow")
		time.Sleep(11 * time.Minute)
		password := w.arrive(b, b, form)
		require.Equal(t, "/verify?flow="+flow, password.address.RequestURI())
		time.Sleep(11 * time.Minute)
		end := w.setUp(b, password)
		require.Equal(t, "/oauth2/auth?flow="+flow, end.address.RequestURI(), "package provider knows the way back")
	})
}

// The link may be opened on the phone, where nobody has asked for anything.
func TestMailedLinkInAnotherBrowser(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone := newBrowser(t, w.handler)
		desk := newBrowser(t, w.handler)
		password := w.arrive(desk, phone, desk.open("/begin"))
		require.Equal(t, "/verify", password.address.RequestURI())
		require.NotContains(t, password.body, "Harbour Notes")
		require.Equal(t, "/account", w.setUp(phone, password).address.RequestURI())
	})
}

func TestResetLeadsBackToTheApp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.enrolled(ada)
		for _, late := range []bool{false, true} {
			time.Sleep(time.Hour)
			b := newBrowser(t, w.handler)
			form := b.open("/begin")
			flow := form.address.RequestURI()[len("/login"):]
			require.Contains(t, form.body, `href="/reset`+flow+`"`)
			sent := b.submit(b.open("/reset"+flow), "username", ada)
			require.Equal(t, "/reset/sent"+flow, sent.address.RequestURI())
			if late {
				time.Sleep(11 * time.Minute)
			}
			password := b.open(w.mailed(ada, "/reset/new"))
			require.Equal(t, "/reset/new"+flow, password.address.RequestURI())
			chosen := newPassword
			if late {
				chosen = adaPassword
			}
			done := b.submit(password, "new_password", chosen)
			require.Contains(t, done.text(), "Continue to Harbour Notes")
			if late {
				require.Contains(t, done.body, `href="https://notes.example.com/login"`)
			} else {
				require.Contains(t, done.body, `href="/login`+flow+`"`)
			}
		}
	})
}

func TestEnrolmentLinkLeadsBackToTheApp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		b.submit(b.open("/register"), "email", ada, "name", "Ada Example")
		b.submit(b.open(w.mailed(ada, "/verify")), "new_password", adaPassword)
		time.Sleep(80 * time.Hour) // and nothing more, until the link has expired
		b = newBrowser(t, w.handler)
		form := b.open("/begin")
		flow := form.address.RequestURI()[len("/login"):]
		needed := b.submit(form, "username", ada, "password", adaPassword)
		sent := b.submit(needed)
		require.Equal(t, http.StatusOK, sent.status)
		invitation := b.open(w.mailed(ada, "/invite"))
		require.Equal(t, "/invite"+flow, invitation.address.RequestURI())
		require.Equal(t, "/oauth2/auth"+flow, w.setUp(b, invitation).address.RequestURI())
	})
}

// A typing mistake in the address is seen where the message is announced.
func TestWhereTheMessageWentIsSaid(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		b := newBrowser(t, w.handler)
		require.Contains(t, b.submit(b.open("/register"), "email", newAda, "name", "Ada").text(), "We have sent a message to "+newAda)
		require.Contains(t, b.submit(b.open("/reset"), "username", "aad <b>").text(), "an account with the name aad <b>")
		require.NotContains(t, newBrowser(t, w.handler).open("/register/sent").text(), newAda)
		b.setCookie("__Host-postern_mailed", "!!")
		require.Contains(t, b.open("/register/sent").text(), "We have sent a message to that address")
	})
}

func TestWhoComesBackIsNoNewcomer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		link := w.invite(ada)
		require.Contains(t, newBrowser(t, w.handler).open(link).text(), "You have been invited")
		b := newBrowser(t, w.handler)
		w.setUp(b, b.open(link))
		_, invitation, err := w.account.ResetFactor(t.Context(), ada, account.Operator{}, time.Now())
		require.NoError(t, err)
		again := newBrowser(t, w.handler).open(strings.TrimPrefix(invitation.URL, origin)).text()
		require.Contains(t, again, "Welcome back")
		require.NotContains(t, again, "invited")
	})
}

// How strong a password is, is said once, after it was sent.
func TestStrengthIsSaidOfTheNewPassword(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		phone, _ := w.enrolled(ada)
		b := newBrowser(t, w.handler)
		b.submit(b.open("/reset"), "username", ada)
		form := b.open(w.mailed(ada, "/reset/new"))
		require.Contains(t, b.submit(form, "new_password", "password1").text(), "Strength of the password: very weak")
		done := b.submit(form, "new_password", newPassword)
		require.Contains(t, done.text(), "Strength of the password: strong")
		require.NotContains(t, b.open("/reset/done").text(), "Strength")

		time.Sleep(time.Minute)
		b.submit(b.submit(b.open("/login"), "username", ada, "password", newPassword), "code", phone.code())
		changed := b.submit(b.open("/account/password"), "password", newPassword, "new_password", adaPassword)
		require.Contains(t, changed.text(), "Your password has been changed")
		require.Contains(t, changed.text(), "Strength of the password: strong")
	})
}
