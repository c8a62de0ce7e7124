package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/demo-rp/relyingparty"
	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
)

// allowApp signs in to an app that was never used before.
func (l *life) allowApp() {
	l.Open(l.app)
	l.Follow("Sign in with Postern")
	l.at("/consent")
	l.look("consent")
	l.Submit("Allow")
	require.Equal(l.t, l.app+"/", l.URL())
	require.Contains(l.t, l.Text(), l.email)
}

// returnByForm goes back to an app that asked for its answer in a form. Where scripts run the form is gone before anybody sees it.
func (l *life) returnByForm() {
	form := authorizeParams(demoClient)
	form.Set("redirect_uri", l.app+relyingparty.CallbackPath)
	form.Set("response_mode", "form_post")
	l.visit("/oauth2/auth?" + form.Encode())
	if l.options.JavaScript {
		// The app takes no forms of other sites, and says so.
		require.Eventually(l.t, func() bool { return l.Status() == http.StatusForbidden }, 10*time.Second, 50*time.Millisecond)
		return
	}
	l.look("form-post")
	l.Submit("Continue to Demo App")
	require.Equal(l.t, l.app+relyingparty.CallbackPath, l.URL())
	require.Equal(l.t, http.StatusForbidden, l.Status())
}

// signOutOfApp signs out at our own page, and an app hears of it in a frame. Where scripts run the page goes on before anybody sees it.
func (l *life) signOutOfApp() {
	watched := watchFrames(l.t)
	id, _ := addClient(l.t, l.a, client.Web, watched.url+"/callback", func(m *client.Metadata) {
		m.Name, m.Consent, m.FrontchannelLogoutURI = "Harbour Notes", client.ConsentSkip, watched.url+"/bye"
	})
	form := authorizeParams(id)
	form.Set("redirect_uri", watched.url+"/callback")
	l.visit("/oauth2/auth?" + form.Encode())
	l.visit("/logout")
	l.Submit("Sign out")
	if !l.options.JavaScript {
		require.Contains(l.t, l.Text(), "Harbour Notes")
		l.look("signing-out")
		l.Follow("Continue")
		l.at("/logout")
		require.Contains(l.t, l.Text(), "You are signed out")
	}
	watched.await("/bye")
	l.identify()
	l.typeCode()
	l.at("/account")
}

// changeProfile changes what apps may see.
func (l *life) changeProfile() {
	l.visit("/account/profile")
	l.look("profile")
	l.Fill("Phone number", "not a number")
	l.mistake("Save", "profile-wrong-phone")
	l.Fill("Phone number", "+49 30 123456")
	l.Fill("Full name", "Grace B. Example")
	l.Submit("Save")
	require.Contains(l.t, l.Text(), "Your profile has been saved.")
	l.look("profile-saved")
}

// changeEmail changes the e-mail address; the old address is told.
func (l *life) changeEmail() {
	l.visit("/account/email")
	l.look("email")
	next := "grace.b@example.test"
	l.Fill("New e-mail address", l.email)
	l.mistake("Send the link", "email-same")
	l.Fill("New e-mail address", next)
	l.Submit("Send the link")
	l.look("email-waiting")
	require.Contains(l.t, l.letter(l.email, "Your address at Postern is about to change").Text, next)
	l.Open(l.letter(next, "Confirm your new address for Postern").Link())
	l.look("email-confirm")
	l.Submit("Confirm")
	l.look("email-confirmed")
	l.letter(l.email, "Your address at Postern has changed")
	l.email = next
	l.visit("/account/email")
	require.Contains(l.t, l.Text(), next)
}

func (l *life) changePassword() {
	l.visit("/account/password")
	l.look("password")
	next := "a lighthouse of old paper"
	l.Fill("Current password", "not the password")
	l.Fill("New password", next)
	l.mistake("Change password", "password-wrong")
	l.Fill("Current password", l.password)
	l.Fill("New password", "password1")
	l.mistake("Change password", "password-weak")
	l.Fill("Current password", l.password)
	l.Fill("New password", next)
	l.Submit("Change password")
	l.look("password-changed")
	l.password = next
	l.letter(l.email, "Your password at Postern was changed")
}

// addAuthenticator connects a second device and gives the first one a name.
func (l *life) addAuthenticator() {
	l.visit("/account/authenticators")
	l.look("authenticators")
	l.Follow("Rename")
	l.look("authenticator-rename")
	l.Fill("Name of this authenticator", strings.Repeat("x", 65))
	l.mistake("Save", "authenticator-rename-long")
	l.Fill("Name of this authenticator", "Phone")
	l.Submit("Save")
	l.Follow("Add an authenticator")
	l.look("authenticator-new")
	l.Fill("Name of this authenticator", "Tablet")
	l.connect("authenticator-new")
	require.Contains(l.t, l.Text(), "The new authenticator works.")
	l.look("authenticator-added")
	l.letter(l.email, "An authenticator app was connected to Postern")
}

// removeAuthenticator leaves the second one only, which cannot be removed.
func (l *life) removeAuthenticator() {
	l.visit("/account/authenticators")
	l.Follow("Remove : Phone")
	l.look("authenticator-remove")
	l.Submit("Remove")
	require.Contains(l.t, l.Text(), "The authenticator has been removed.")
	require.Contains(l.t, l.Text(), "Your only authenticator can be replaced, but not removed.")
	l.look("authenticator-removed")
	l.letter(l.email, "An authenticator app was removed from Postern")
}

// replaceRecoveryCodes makes a new set.
func (l *life) replaceRecoveryCodes() {
	l.visit("/account/codes")
	l.look("codes")
	before := l.recoveryCodes
	l.Submit("Show new codes")
	l.look("codes-new")
	l.keepCodes("Use these codes from now on")
	require.NotEqual(l.t, before, l.recoveryCodes)
	l.look("codes-replaced")
	l.letter(l.email, "New recovery codes for Postern")
}

// elsewhere is the same person, or somebody who pretends to be, at another browser.
func (l *life) elsewhere() *life {
	other := *l
	other.Browser = browsertest.Start(l.t, l.options)
	return &other
}

// endSession signs a second browser out from the first.
func (l *life) endSession() {
	elsewhere := l.elsewhere()
	elsewhere.identify()
	elsewhere.typeCode()
	elsewhere.at("/account")
	l.letter(l.email, "A new browser signed in to Postern")

	l.visit("/account/sessions")
	l.look("sessions")
	l.Submit("Sign out :")
	require.Contains(l.t, l.Text(), "That browser was signed out.")
	l.look("session-ended")
	elsewhere.visit("/account")
	elsewhere.at("/login")
	l.visit("/account")
	l.at("/account")
}

// withdrawApp ends the access of an app, which its next refresh notices.
func (l *life) withdrawApp() {
	l.visit("/account/apps")
	l.look("apps")
	l.Submit("End access")
	require.Contains(l.t, l.Text(), "No app has access to your account.")
	l.look("apps-none")
	l.Open(l.app)
	l.Submit("Refresh the tokens")
	require.Contains(l.t, l.Text(), "invalid_grant")
}

// proveAgain enters both factors for a change, because the last sign-in was more than ten minutes ago.
func (l *life) proveAgain() {
	_, err := l.db.SQL(l.t).ExecContext(l.t.Context(), "UPDATE sessions SET completed_at = completed_at - 660000000") // 11 minutes
	require.NoError(l.t, err)
	l.visit("/account/authenticators/new")
	l.at("/login")
	l.look("sign-in-again")
	l.prove()
	l.typeCode()
	l.at("/account/authenticators/new")
}

// lookBack reads the activity and downloads the data.
func (l *life) lookBack() {
	l.visit("/account/activity")
	l.look("activity")
	l.visit("/account/data")
	l.look("data")
}

// hearAlarm is told that somebody else knows the password, can still sign in, and chooses another one.
func (l *life) hearAlarm() {
	l.signOut()
	thief := l.elsewhere()
	thief.identify()
	for range 6 {
		thief.Fill("Code", "000000")
		thief.Submit("Continue")
	}
	require.Equal(l.t, 429, thief.Status())
	thief.look("code-too-many")
	l.letter(l.email, "Somebody knows your password at Postern")

	l.identify()
	l.typeCode()
	require.Contains(l.t, l.Text(), "Choose a new password")
	l.look("exposed")
	l.password = "the third of nine kettles"
	l.Fill("New password", l.password)
	l.Submit("Save and continue")
	l.at("/account")
	l.letter(l.email, "Your password at Postern was changed")
}

// closeAccount ends it all.
func (l *life) closeAccount() {
	l.visit("/account/close")
	l.look("close")
	l.Check("I understand")
	l.Submit("Close my account")
	l.look("closed")
	l.letter(l.email, "Your account at Postern is closed")
	l.visit("/login")
	l.prove()
	require.Equal(l.t, 422, l.Status())
	l.Open(l.app) // which has a session of its own
	l.Submit("Sign out of this app")
}
