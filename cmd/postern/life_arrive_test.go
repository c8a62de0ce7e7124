package main

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/storage/audit"
)

// register makes the account: a form, a link by mail, a password, an authenticator, recovery codes.
func (l *life) register() {
	l.visit("/login")
	l.Follow("Create an account")
	l.at("/register")
	l.look("register")
	l.Fill("E-mail address", l.email)
	l.Fill("Your name", strings.Repeat("Grace ", 30))
	l.mistake("Send me the link", "register-long-name")
	l.Fill("Your name", "Grace Example")
	l.Submit("Send me the link")
	l.look("register-sent")

	l.Open(l.letter(l.email, "Your new account at Postern").Link())
	l.look("register-password")
	l.Fill("New password", "password1")
	l.mistake("Save and continue", "register-weak-password")
	l.Fill("New password", l.password)
	l.Submit("Save and continue")
	l.enrol("enrol")
	l.letter(l.email, "An authenticator app was connected to Postern")
	l.at("/account")
	require.Contains(l.t, l.Text(), l.email)
	l.look("account")
}

// acceptInvitation gets an account by invitation.
func (l *life) acceptInvitation() {
	_, _, err := l.a.accounts.Operate.Add(l.t.Context(), identity.NewUser{Email: "eve@example.test"}, audit.Operator(), time.Now())
	require.NoError(l.t, err)
	l.Open(l.letter("eve@example.test", "Your invitation to Postern").Link())
	l.look("invitation")
	l.Fill("New password", "password1")
	l.mistake("Save and continue", "invitation-weak-password")
	l.Fill("New password", adaPassword)
	l.Submit("Save and continue")
	l.at("/login/enroll")

	// A password alone is not enough to connect an authenticator; the link in the mailbox is needed.
	line := `{"email":"mallory@example.test","password":"` + adaPassword + `"}`
	_, err = l.a.accounts.Port.Import(l.t.Context(), strings.NewReader(line), port.ImportOptions{}, audit.Operator(), time.Now())
	require.NoError(l.t, err)
	l.visit("/login")
	l.Fill("E-mail or user name", "mallory@example.test")
	l.Fill("Password", adaPassword)
	l.Submit("Continue")
	l.look("no-authenticator")
}

// enrol connects the authenticator that the page offers and keeps its recovery codes.
func (l *life) enrol(name string) {
	l.t.Helper()
	l.look(name)
	l.connect(name)
	l.look(name + "-codes")
	l.keepCodes("Continue")
}

// connect reads the QR code off the screen, mistypes a code, and confirms the right one.
func (l *life) connect(name string) {
	l.t.Helper()
	uri := l.QR()
	l.Fill("Code from the app", "000 000")
	l.mistake("Confirm", name+"-wrong-code")
	require.Equal(l.t, uri, l.Link("Open in an app on this device"), "a mistake keeps the key")
	l.uri = uri
	l.Fill("Code from the app", l.code())
	l.Submit("Confirm")
}

// keepCodes writes the recovery codes down.
func (l *life) keepCodes(button string) {
	l.t.Helper()
	l.recoveryCodes = recoveryCodesIn(l.Text())
	require.Len(l.t, l.recoveryCodes, 10)
	l.Check("I have saved my recovery codes")
	l.Submit(button)
}

func (l *life) signOut() {
	l.visit("/logout")
	l.look("sign-out")
	l.Submit("Sign out")
	l.look("signed-out")
}

// identify types e-mail address and password.
func (l *life) identify() {
	l.t.Helper()
	l.visit("/login")
	l.prove()
	l.at("/login/code")
}

func (l *life) prove() {
	l.t.Helper()
	l.Fill("E-mail or user name", l.email)
	l.Fill("Password", l.password)
	l.Submit("Continue")
}

func (l *life) typeCode() {
	l.t.Helper()
	l.Fill("Code", l.code())
	l.Submit("Continue")
}

func (l *life) signIn() {
	l.visit("/login")
	l.look("sign-in")
	l.Fill("E-mail or user name", l.email)
	l.Fill("Password", "not the password")
	l.mistake("Continue", "sign-in-wrong-password")
	l.identify()
	l.look("code")
	l.Fill("Code", "000000")
	l.mistake("Continue", "code-wrong")
	l.typeCode()
	l.at("/account")
}

// losePhone signs in without the authenticator and connects another one.
func (l *life) losePhone() {
	l.signOut()
	l.identify()
	l.Follow("Use a recovery code")
	l.look("recovery")
	l.Fill("Recovery code", "AAAAA-AAAAA")
	l.mistake("Continue", "recovery-wrong-code")
	used := l.recoveryCodes[0]
	l.Fill("Recovery code", strings.ToUpper(used))
	l.Submit("Continue")
	l.letter(l.email, "A recovery code for Postern was used")
	lost := l.uri
	l.enrol("enrol-again")
	l.at("/account")
	require.NotEqual(l.t, lost, l.uri)
	require.NotContains(l.t, l.recoveryCodes, used)
	l.letter(l.email, "Your authenticator app at Postern was replaced")
}

// forgetPassword chooses a new password through the mailbox, which does not replace the authenticator.
func (l *life) forgetPassword() {
	l.signOut()
	l.visit("/login")
	l.Follow("Forgot your password?")
	l.at("/reset")
	l.look("reset")
	l.Fill("E-mail or user name", l.email)
	l.Submit("Send me the link")
	l.look("reset-sent")
	link := l.letter(l.email, "Choose a new password for Postern").Link()
	l.Open(link)
	l.look("reset-password")
	l.Fill("New password", "password1")
	l.mistake("Save and continue", "reset-weak-password")
	l.password = "seven herons by the weir"
	l.Fill("New password", l.password)
	l.Submit("Save and continue")
	l.look("reset-done")
	l.Open(link)
	l.look("reset-used")
	l.letter(l.email, "Your password at Postern was changed")
	l.identify()
	l.typeCode()
	l.at("/account")
}

// meetMistakes visits the pages for links that do not work.
func (l *life) meetMistakes() {
	l.visit("/login?flow=AAAAAAAAAAAAAAAAAAAAAAAAAA")
	require.Equal(l.t, 410, l.Status())
	l.look("expired")
	l.visit("/invite?ticket=" + strings.Repeat("x", 43))
	l.look("used-link")
	l.visit("/nowhere")
	require.Equal(l.t, 404, l.Status())
	l.look("nowhere")
}
