package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
)

// runningDemo is what "postern demo --json" prints.
type runningDemo struct {
	Issuer     string `json:"issuer"`
	App        string `json:"app"`
	Mailbox    string `json:"mailbox"`
	Phone      string `json:"phone"`
	Invitation string `json:"invitation_url"`
}

// startDemo runs the real command until the end of the test.
func startDemo(t *testing.T) runningDemo {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stdout, writer := io.Pipe()
	done := make(chan int, 1)
	var stderr strings.Builder
	go func() {
		args := []string{"demo", "--json", "--listen", freeAddress(t), "--app-listen", freeAddress(t)}
		done <- run(ctx, args, nil, strings.NewReader(""), writer, &stderr)
		writer.Close()
	}()
	t.Cleanup(func() {
		stop()
		require.Equal(t, exitDone, <-done, "exit code of the demo")
		for line := range strings.Lines(stderr.String()) { // warnings and errors
			require.Contains(t, line, `"rule":"redirect_uri_unregistered"`, "the tests make one wrong request, which is logged")
		}
	})
	var demo runningDemo
	require.NoError(t, json.NewDecoder(stdout).Decode(&demo))
	return demo
}

// freeAddress returns a loopback address that nothing listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return net.JoinHostPort("localhost", port)
}

// person is somebody who goes through the demo in a browser.
type person struct {
	*browsertest.Browser
	t             *testing.T
	demo          runningDemo
	uri           string // what the QR code said
	recoveryCodes []string
	gallery       *gallery
}

// look takes a screenshot of the page, and has it checked if there is a gallery.
func (p *person) look(name string) {
	p.t.Helper()
	if p.gallery == nil {
		p.Screenshot(name)
		return
	}
	p.gallery.look(p.t, p.Browser, name)
}

const demoPassword = "a long walk over the hills"

// TestDemoInChromium goes through the whole demo in Chromium, with and without scripts, on a desktop and on a phone with the dark colour
// scheme.
func TestDemoInChromium(t *testing.T) {
	pages := newGallery(t)
	for name, options := range map[string]browsertest.Options{
		"scripts":    {JavaScript: true},
		"no scripts": {},
		"phone":      {JavaScript: true, Dark: true, Width: 320},
	} {
		t.Run(name, func(t *testing.T) {
			p := &person{Browser: browsertest.Start(t, options), t: t, demo: startDemo(t)}
			if options.JavaScript { // without scripts the pages only have less
				p.gallery = pages
			}
			p.acceptInvitation()
			p.enrol()
			p.keepRecoveryCodes()
			p.useApp()
			p.signInAgain()
			p.useRecoveryCode()
			p.seeMistakes()
		})
	}
}

// acceptInvitation opens the link from the mailbox and chooses a password.
func (p *person) acceptInvitation() {
	p.Open(p.demo.Mailbox)
	p.look("00-mailbox")
	require.Equal(p.t, p.demo.Invitation, p.Link(p.demo.Invitation))
	p.Follow(p.demo.Invitation)
	require.Equal(p.t, p.demo.Issuer+"/invite", p.URL(), "the secret leaves the address")
	require.Equal(p.t, "ada@example.test", p.Value("username"))
	p.Fill("New password", "password1")
	p.Submit("Save and continue")
	require.Equal(p.t, 422, p.Status())
	require.True(p.t, strings.HasPrefix(p.Title(), "Error: "), p.Title())
	p.look("01-invitation-weak-password")
	p.Fill("New password", demoPassword)
	p.Submit("Save and continue")
}

// enrol reads the QR code off the screen, mistypes a code, and confirms the right one.
func (p *person) enrol() {
	require.Equal(p.t, p.demo.Issuer+"/login/enroll", p.URL())
	p.look("02-enrol")
	p.uri = p.QR()
	require.Equal(p.t, p.Link("Open in an app on this device"), p.uri, "the picture and the link say the same")
	p.Fill("Code from the app", "000 000")
	p.Submit("Confirm")
	require.Equal(p.t, 422, p.Status())
	p.look("03-enrol-wrong-code")
	require.Equal(p.t, p.Link("Open in an app on this device"), p.uri, "a mistake keeps the key")
	p.connectDemoPhone()
	p.Open(p.demo.Issuer + "/login/enroll")
	require.Equal(p.t, p.Link("Open in an app on this device"), p.uri)
	// This is the code of the previous step, so that those of this step and the next are left for signing in.
	p.Fill("Code from the app", browsertest.Code(p.t, p.uri, time.Now().Add(-30*time.Second)))
	p.Submit("Confirm")
}

// connectDemoPhone pastes first a text that is not a link and then the link into the demo phone, and reads the code that an authenticator
// app would show.
func (p *person) connectDemoPhone() {
	p.Open(p.demo.Phone)
	require.Equal(p.t, p.demo.Phone+"/add", p.URL(), "there is nothing to show yet")
	require.Contains(p.t, p.Text(), "It is in the demo alone")
	p.look("03-phone-add")
	p.Fill("Link of the authenticator", "https://example.test/")
	p.Submit("Connect")
	require.Equal(p.t, 422, p.Status())
	p.look("03-phone-wrong-link")
	for time.Now().Unix()%30 > 10 { // the page reloads itself with each time step
		time.Sleep(100 * time.Millisecond)
	}
	p.Fill("Link of the authenticator", p.uri)
	p.Submit("Connect")
	require.Equal(p.t, p.demo.Phone, p.URL())
	require.Contains(p.t, p.Text(), browsertest.Code(p.t, p.uri, time.Now()))
	p.look("03-phone")
}

func (p *person) keepRecoveryCodes() {
	require.Equal(p.t, p.demo.Issuer+"/login/codes", p.URL())
	p.look("04-recovery-codes")
	p.recoveryCodes = recoveryCodesIn(p.Text())
	require.Len(p.t, p.recoveryCodes, 10)
	p.Reload()
	require.Equal(p.t, p.recoveryCodes, recoveryCodesIn(p.Text()), "a reload shows the same codes")
	p.Check("I have saved my recovery codes")
	p.Submit("Continue")
	require.Equal(p.t, p.demo.Issuer+"/account", p.URL())
	require.Contains(p.t, p.Text(), "ada@example.test")
	p.look("05-account")
}

// useApp signs in to the app. The session exists, so only consent is asked for.
func (p *person) useApp() {
	p.Open(p.demo.App)
	p.look("06-app")
	p.Follow("Sign in with Postern")
	require.True(p.t, strings.HasPrefix(p.URL(), p.demo.Issuer+"/consent?flow="), p.URL())
	require.Contains(p.t, p.Text(), "Demo App")
	p.look("07-consent")
	p.Submit("Allow")
	p.seeIDToken()
	p.look("08-app-signed-in")
	p.Submit("Refresh the tokens")
	p.seeIDToken()
}

func (p *person) seeIDToken() {
	p.t.Helper()
	require.Equal(p.t, p.demo.App+"/", p.URL())
	text := p.Text()
	for _, part := range []string{"Ada Example", "urn:postern:acr:mfa", "otp", p.demo.Issuer} {
		require.Contains(p.t, text, part)
	}
}

// signInAgain enters both factors again, with a mistake in each, because the app asks for a new sign-in.
func (p *person) signInAgain() {
	p.Follow("Sign in again with prompt=login")
	require.Contains(p.t, p.Text(), "Sign in to continue to Demo App")
	p.look("09-sign-in")
	p.Fill("E-mail or user name", "Ada")
	p.Fill("Password", "not her password")
	p.Submit("Continue")
	require.Equal(p.t, 422, p.Status())
	require.Equal(p.t, "Ada", p.Value("username"), "the name stays")
	require.Empty(p.t, p.Value("password"), "the password goes")
	p.look("10-sign-in-wrong-password")
	p.Fill("Password", demoPassword)
	p.Submit("Continue")
	p.look("11-code")
	p.Fill("Code", "000000")
	p.Submit("Continue")
	require.Equal(p.t, 422, p.Status())
	p.look("12-code-wrong")
	p.Fill("Code", browsertest.Code(p.t, p.uri, time.Now()))
	p.Submit("Continue")
	p.seeIDToken()
}

// useRecoveryCode signs in without the phone and is offered to connect another one.
func (p *person) useRecoveryCode() {
	p.Follow("Sign in again with prompt=login")
	p.Fill("E-mail or user name", "ada@example.test")
	p.Fill("Password", demoPassword)
	p.Submit("Continue")
	p.Follow("Use a recovery code")
	p.look("13-recovery")
	p.Fill("Recovery code", strings.ToUpper(p.recoveryCodes[0]))
	p.Submit("Continue")
	p.look("14-after-recovery")
	p.Open(p.demo.Mailbox)
	require.Contains(p.t, p.Text(), "A recovery code for Postern was used")
}

// seeMistakes opens the pages for links that do not work, and signs out.
func (p *person) seeMistakes() {
	p.Open(p.demo.Issuer + "/oauth2/auth?response_type=code&client_id=demo-app&redirect_uri=https://evil.example/cb&scope=openid")
	require.Equal(p.t, 400, p.Status())
	require.Contains(p.t, p.Text(), "https://evil.example/cb")
	p.look("15-wrong-redirect-uri")
	p.Open(p.demo.Issuer + "/login?flow=AAAAAAAAAAAAAAAAAAAAAAAAAA")
	require.Equal(p.t, 410, p.Status())
	p.look("16-expired")
	p.Open(p.demo.Issuer + "/nowhere")
	require.Equal(p.t, 404, p.Status())
	p.look("17-not-found")
	p.Open(p.demo.Issuer + "/logout")
	p.look("18-sign-out")
	p.Submit("Sign out")
	p.look("19-signed-out")
	p.Open(p.demo.Issuer + "/account")
	require.Equal(p.t, p.demo.Issuer+"/login", p.URL(), "signed out")
}

// recoveryCodesIn finds codes of the form xxxxx-xxxxx.
func recoveryCodesIn(text string) []string {
	var codes []string
	for _, word := range strings.Fields(text) {
		if len(word) == 11 && word[5] == '-' {
			codes = append(codes, word)
		}
	}
	return codes
}
