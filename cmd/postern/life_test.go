package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage/storagetest"
)

// life is somebody's life with an account, as their browser shows it.
type life struct {
	*browsertest.Browser
	t       *testing.T
	options browsertest.Options
	gallery *gallery
	a       *app
	db      *storagetest.Database

	email, password string
	uri             string // of the authenticator in use
	recoveryCodes   []string
	app             string // address of the relying app
	pictures        int
}

// journey is a part of a life. The table in docs/accessibility.md has a line for each.
type journey struct {
	name string
	act  func(*life)
}

// journeys are in the order of a life: each begins where the one before it ends.
var journeys = []journey{
	{"arrive by invitation and enrol", (*life).arriveByInvitation},
	{"sign out", (*life).signOut},
	{"meet links that do not work", (*life).meetMistakes},
	{"sign in", (*life).signIn},
	{"allow an app", (*life).allowApp},
	{"lose the phone, use a recovery code, connect another", (*life).losePhone},
}

// TestLifeInChromium is a whole life with scripts, without them on a phone in the dark, and with the keyboard alone. They come by every page.
func TestLifeInChromium(t *testing.T) {
	pages, done := newGallery(t), map[string][]string{}
	folder, files := markedTemplates(t)
	runs := []struct {
		name    string
		options browsertest.Options
	}{
		{"scripts", browsertest.Options{JavaScript: true}},
		{"no scripts", browsertest.Options{Dark: true, Width: 320}},
		{"keyboard", browsertest.Options{JavaScript: true, Keyboard: true}},
	}
	for _, run := range runs {
		t.Run(run.name, func(t *testing.T) {
			l := newLife(t, run.options, folder)
			l.gallery = pages
			for _, j := range journeys {
				j.act(l)
				done[j.name] = append(done[j.name], "yes")
			}
		})
	}
	if t.Failed() {
		return
	}
	table := "| Journey | With scripts | Without | Keyboard alone |\n| --- | --- | --- | --- |\n"
	for _, j := range journeys {
		require.Len(t, done[j.name], len(runs), "run all of TestLifeInChromium: its table is about all")
		table += fmt.Sprintf("| %s | %s |\n", j.name, strings.Join(done[j.name], " | "))
	}
	browsertest.Record(t, "docs/accessibility.md", "journeys", table, *update)
	for _, file := range files {
		if !pages.templates[file] {
			t.Errorf("no journey comes by the page %s", file)
		}
	}
}

func newLife(t *testing.T, options browsertest.Options, templates string) *life {
	db := storagetest.SQLite(t)
	cfg := settings(t, db, "http://"+freeAddress(t))
	cfg.TemplatesDir = templates
	a, err := build(t.Context(), cfg, newQuietLog(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.close()) })
	app := freeAddress(t)
	secret, _, err := a.prepareDemo(t.Context(), "http://"+app, time.Now())
	require.NoError(t, err)
	served, err := a.demoApp(t.Context(), app, secret)
	require.NoError(t, err)
	listenAndRun(t, a, served)
	return &life{
		Browser: browsertest.Start(t, options), t: t, options: options, a: a, db: db,
		app: "http://" + app, email: "grace@example.test", password: "a long walk over the hills",
	}
}

// look takes a picture of the page, which nobody finds fault with.
func (l *life) look(name string) {
	l.t.Helper()
	l.pictures++
	name = fmt.Sprintf("%02d-%s", l.pictures, name)
	if !l.options.Keyboard {
		l.gallery.look(l.t, l.Browser, name)
		return
	}
	l.Screenshot(name)
	for _, fault := range l.KeyboardFaults() {
		l.t.Errorf("%s: %s", name, fault)
	}
}

// mistake submits a form that comes back with an error.
func (l *life) mistake(button, name string) {
	l.t.Helper()
	l.Submit(button)
	require.Equal(l.t, 422, l.Status(), l.Text())
	require.True(l.t, strings.HasPrefix(l.Title(), "Error: "), l.Title())
	l.look(name)
}

// visit opens a page of the issuer.
func (l *life) visit(path string) {
	l.t.Helper()
	l.Open(l.a.cfg.Issuer + path)
}

// at requires that the browser is at a page of the issuer.
func (l *life) at(path string) {
	l.t.Helper()
	require.Equal(l.t, l.a.cfg.Issuer+path, strings.SplitN(l.URL(), "?", 2)[0], l.Text())
}

// code returns what the authenticator shows. Nobody waits half a minute for the next one: the server forgets that it has seen one of this
// time.
func (l *life) code() string {
	l.t.Helper()
	_, err := l.db.SQL(l.t).ExecContext(l.t.Context(), "UPDATE authenticators SET last_step = last_step - 10")
	require.NoError(l.t, err)
	return browsertest.Code(l.t, l.uri, time.Now())
}

func (l *life) arriveByInvitation() {
	_, invited, err := l.a.accounts.Add(l.t.Context(), account.NewUser{Email: l.email, EmailVerified: true, Name: "Grace Example"}, account.Operator{}, time.Now())
	require.NoError(l.t, err)
	l.Open(invited.URL)
	l.look("invitation")
	l.Fill("New password", "password1")
	l.mistake("Save and continue", "weak-password")
	l.Fill("New password", l.password)
	l.Submit("Save and continue")
	l.enrol("enrol")
	l.at("/account")
	l.look("account")
}

// enrol connects the authenticator that the page offers and keeps its recovery codes.
func (l *life) enrol(name string) {
	l.t.Helper()
	l.look(name)
	l.uri = l.QR()
	l.Fill("Code from the app", "000 000")
	l.mistake("Confirm", name+"-wrong-code")
	l.Fill("Code from the app", l.code())
	l.Submit("Confirm")
	l.keepCodes(name + "-codes")
}

// keepCodes writes the recovery codes down.
func (l *life) keepCodes(name string) {
	l.t.Helper()
	l.look(name)
	l.recoveryCodes = recoveryCodesIn(l.Text())
	require.Len(l.t, l.recoveryCodes, 10)
	l.Check("I have saved my recovery codes")
	l.Submit("Continue")
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
	l.Fill("E-mail or user name", l.email)
	l.Fill("Password", l.password)
	l.Submit("Continue")
	l.at("/login/code")
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
	l.Fill("Code", l.code())
	l.Submit("Continue")
	l.at("/account")
}

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

// meetMistakes comes by the pages for links that do not work.
func (l *life) meetMistakes() {
	l.visit("/login?flow=AAAAAAAAAAAAAAAAAAAAAAAAAA")
	require.Equal(l.t, 410, l.Status())
	l.look("expired")
	l.visit("/invite?ticket=" + strings.Repeat("x", 43))
	l.look("used-link")
	l.visit("/nowhere")
	require.Equal(l.t, 404, l.Status())
	l.look("nowhere")

	line := `{"email":"eve@example.test","password":"` + adaPassword + `"}`
	_, err := l.a.accounts.Import(l.t.Context(), strings.NewReader(line), false, account.Operator{}, time.Now())
	require.NoError(l.t, err)
	l.visit("/login")
	l.Fill("E-mail or user name", "eve@example.test")
	l.Fill("Password", adaPassword)
	l.Submit("Continue")
	require.Contains(l.t, l.Text(), "You need an invitation")
	l.look("no-authenticator")
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
	lost := l.uri
	l.enrol("enrol-again")
	l.at("/account")
	require.NotEqual(l.t, lost, l.uri)
	require.NotContains(l.t, l.recoveryCodes, used)
}
