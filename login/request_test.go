package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/logintest"
	"github.com/postern-id/postern/storage/audit"
)

// arrive signs up from the sign-in page of an app's request, and returns the page that the mailed link opens, in the same or another
// browser.
func arrive(w *logintest.World, b, reader *logintest.Browser, form logintest.Page) logintest.Page {
	w.T.Helper()
	flow := form.Address.RequestURI()[len("/login"):]
	require.Contains(w.T, form.Body, `href="/register`+flow+`"`)
	sent := b.Submit(b.Open("/register"+flow), "email", logintest.NewAda, "name", "Countess")
	require.Equal(w.T, "/register/sent"+flow, sent.Address.RequestURI())
	require.Contains(w.T, sent.Text(), "Back to sign-in")
	return reader.Open(w.Mailed(logintest.NewAda, "/verify"))
}

// setUp completes the account from the page for the first password to the end of the enrolment.
func setUp(w *logintest.World, b *logintest.Browser, password logintest.Page) logintest.Page {
	w.T.Helper()
	enrol := b.Submit(password, "new_password", logintest.NewPassword)
	codes := b.Submit(enrol, "code", w.Scan(enrol).Code())
	return b.Submit(codes, "saved", "yes")
}

func TestSignUpLeadsBackToTheApp(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		form := b.Open("/begin")
		flow := form.Address.Query().Get("flow")
		password := arrive(w, b, b, form)
		require.Equal(t, "/verify?flow="+flow, password.Address.RequestURI(), "the secret has left the address")
		end := setUp(w, b, password)
		require.Equal(t, "/oauth2/auth?flow="+flow, end.Address.RequestURI())
		require.Contains(t, end.Body, "signed in as "+logintest.NewAda)
	})
}

// A sign-up can be finished after its request is over, and leads back to the app.
func TestSignUpOutlivesTheRequest(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		form := b.Open("/begin")
		flow := form.Address.Query().Get("flow")
		time.Sleep(11 * time.Minute)
		password := arrive(w, b, b, form)
		require.Equal(t, "/verify?flow="+flow, password.Address.RequestURI())
		time.Sleep(11 * time.Minute)
		end := setUp(w, b, password)
		require.Equal(t, "/oauth2/auth?flow="+flow, end.Address.RequestURI(), "package provider knows the way back")
	})
}

// The link may be opened on the phone, in a browser that has no request.
func TestMailedLinkInAnotherBrowser(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone := logintest.NewBrowser(t, w.Handler)
		desk := logintest.NewBrowser(t, w.Handler)
		password := arrive(w, desk, phone, desk.Open("/begin"))
		require.Equal(t, "/verify", password.Address.RequestURI())
		require.NotContains(t, password.Body, "Harbour Notes")
		require.Equal(t, "/account", setUp(w, phone, password).Address.RequestURI())
	})
}

func TestResetLeadsBackToTheApp(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		w.Enrolled(logintest.Ada)
		for _, late := range []bool{false, true} {
			time.Sleep(time.Hour)
			b := logintest.NewBrowser(t, w.Handler)
			form := b.Open("/begin")
			flow := form.Address.RequestURI()[len("/login"):]
			require.Contains(t, form.Body, `href="/reset`+flow+`"`)
			sent := b.Submit(b.Open("/reset"+flow), "username", logintest.Ada)
			require.Equal(t, "/reset/sent"+flow, sent.Address.RequestURI())
			if late {
				time.Sleep(11 * time.Minute)
			}
			password := b.Open(w.Mailed(logintest.Ada, "/reset/new"))
			require.Equal(t, "/reset/new"+flow, password.Address.RequestURI())
			chosen := logintest.NewPassword
			if late {
				chosen = logintest.AdaPassword
			}
			done := b.Submit(password, "new_password", chosen)
			require.Contains(t, done.Text(), "Continue to Harbour Notes")
			if late {
				require.Contains(t, done.Body, `href="https://notes.example.com/login"`)
			} else {
				require.Contains(t, done.Body, `href="/login`+flow+`"`)
			}
		}
	})
}

func TestEnrolmentLinkLeadsBackToTheApp(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		b.Submit(b.Open("/register"), "email", logintest.Ada, "name", "Ada Example")
		b.Submit(b.Open(w.Mailed(logintest.Ada, "/verify")), "new_password", logintest.AdaPassword)
		time.Sleep(80 * time.Hour) // and no further message until the link has expired
		b = logintest.NewBrowser(t, w.Handler)
		form := b.Open("/begin")
		flow := form.Address.RequestURI()[len("/login"):]
		needed := b.Submit(form, "username", logintest.Ada, "password", logintest.AdaPassword)
		sent := b.Submit(needed)
		require.Equal(t, http.StatusOK, sent.Status)
		invitation := b.Open(w.Mailed(logintest.Ada, "/invite"))
		require.Equal(t, "/invite"+flow, invitation.Address.RequestURI())
		require.Equal(t, "/oauth2/auth"+flow, setUp(w, b, invitation).Address.RequestURI())
	})
}

// The page that announces the message shows the address, so that a typing mistake is seen.
func TestSentPageShowsTheAddress(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		b := logintest.NewBrowser(t, w.Handler)
		require.Contains(t, b.Submit(b.Open("/register"), "email", logintest.NewAda, "name", "Ada").Text(), "We have sent a message to "+logintest.NewAda)
		require.Contains(t, b.Submit(b.Open("/reset"), "username", "aad <b>").Text(), "an account with the name aad <b>")
		require.NotContains(t, logintest.NewBrowser(t, w.Handler).Open("/register/sent").Text(), logintest.NewAda)
		b.SetCookie("__Host-postern_mailed", "!!")
		require.Contains(t, b.Open("/register/sent").Text(), "We have sent a message to that address")
	})
}

func TestInvitationAfterAResetSaysWelcomeBack(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		link := w.Invite(logintest.Ada)
		require.Contains(t, logintest.NewBrowser(t, w.Handler).Open(link).Text(), "You have been invited")
		b := logintest.NewBrowser(t, w.Handler)
		setUp(w, b, b.Open(link))
		_, invitation, err := w.Account.Operate.ResetFactor(t.Context(), logintest.Ada, audit.Operator(), time.Now())
		require.NoError(t, err)
		again := logintest.NewBrowser(t, w.Handler).Open(strings.TrimPrefix(invitation.URL, logintest.Origin)).Text()
		require.Contains(t, again, "Welcome back")
		require.NotContains(t, again, "invited")
	})
}

// The strength of a new password is shown once, on the page after it was chosen.
func TestStrengthOfTheNewPasswordIsShown(t *testing.T) {
	logintest.OnSQLite(t, func(t *testing.T, w *logintest.World) {
		phone, _ := w.Enrolled(logintest.Ada)
		b := logintest.NewBrowser(t, w.Handler)
		b.Submit(b.Open("/reset"), "username", logintest.Ada)
		form := b.Open(w.Mailed(logintest.Ada, "/reset/new"))
		require.Contains(t, b.Submit(form, "new_password", "password1").Text(), "Strength of the password: very weak")
		done := b.Submit(form, "new_password", logintest.NewPassword)
		require.Contains(t, done.Text(), "Strength of the password: strong")
		require.NotContains(t, b.Open("/reset/done").Text(), "Strength")

		time.Sleep(time.Minute)
		b.Submit(b.Submit(b.Open("/login"), "username", logintest.Ada, "password", logintest.NewPassword), "code", phone.Code())
		changed := b.Submit(b.Open("/account/password"), "password", logintest.NewPassword, "new_password", logintest.AdaPassword)
		require.Contains(t, changed.Text(), "Your password has been changed")
		require.Contains(t, changed.Text(), "Strength of the password: strong")
	})
}
