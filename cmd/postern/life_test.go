package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/login/mail/mailtest"
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
	mail    *mailtest.Server

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

// lifeJourneys are in the order of a life: each begins where the one before it ends.
var lifeJourneys = []journey{
	{"register, verify the address, enrol", (*life).register},
	{"sign out", (*life).signOut},
	{"open links that do not work", (*life).meetMistakes},
	{"accept an invitation", (*life).acceptInvitation},
	{"sign in", (*life).signIn},
	{"allow an app", (*life).allowApp},
	{"go back to an app by a form", (*life).returnByForm},
	{"sign out of an app as well", (*life).signOutOfApp},
	{"lose the phone, use a recovery code, connect another phone", (*life).losePhone},
	{"forget the password, reset it", (*life).forgetPassword},
	{"change the e-mail address", (*life).changeEmail},
	{"change the password", (*life).changePassword},
	{"add a second authenticator", (*life).addAuthenticator},
	{"remove the first authenticator", (*life).removeAuthenticator},
	{"make new recovery codes", (*life).replaceRecoveryCodes},
	{"change the profile", (*life).changeProfile},
	{"end a session elsewhere", (*life).endSession},
	{"withdraw an app's access", (*life).withdrawApp},
	{"connect a device without a browser", (*life).connectDevice},
	{"show both factors again for a change", (*life).proveAgain},
	{"read the activity, download the data", (*life).lookBack},
	{"be told that somebody knows the password", (*life).hearAlarm},
	{"close the account", (*life).closeAccount},
	{"come from an app, register, get back to it", (*life).registerForApp},
	{"come from an app, forget the password, get back to it", (*life).resetForApp},
	{"come back to expired requests", (*life).meetOldRequests},
	{"sign in in one of two tabs", (*life).useTwoTabs},
	{"come from a form of another site", (*life).askByForm},
	{"be redirected to an app that nobody vouches for", (*life).leaveForStranger},
}

// TestLifeInChromium goes through all journeys with scripts, without scripts on a phone with the dark colour scheme, and with the keyboard
// alone. Together they visit every page.
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
			for _, j := range lifeJourneys {
				j.act(l)
				done[j.name] = append(done[j.name], "yes")
			}
		})
	}
	if t.Failed() {
		return
	}
	table := "| Journey | With scripts | Without | Keyboard alone |\n| --- | --- | --- | --- |\n"
	for _, j := range lifeJourneys {
		require.Len(t, done[j.name], len(runs), "run all of TestLifeInChromium: its table is about all")
		table += fmt.Sprintf("| %s | %s |\n", j.name, strings.Join(done[j.name], " | "))
	}
	browsertest.Record(t, "docs/accessibility.md", "journeys", table, *update)
	for _, file := range files {
		if !pages.templates[file] {
			t.Errorf("no journey visits the page %s", file)
		}
	}
}

func newLife(t *testing.T, options browsertest.Options, templates string) *life {
	db := storagetest.SQLite(t)
	cfg := settings(t, db, "http://"+freeAddress(t))
	post := mailtest.Start(t)
	cfg.Password.MemoryKiB, cfg.Password.Time = 64, 1
	cfg.TemplatesDir, cfg.Registration, cfg.SMTP = templates, "open", config.SMTP{URL: config.Secret(post.URL()), From: "postern@id.example.test"}
	a, err := build(t.Context(), cfg, newQuietLog(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.close()) })
	app := freeAddress(t)
	secret, _, err := a.prepareDemo(t.Context(), "http://"+app, time.Now())
	require.NoError(t, err)
	beside, err := a.demoPages("http://"+app, secret, filepath.Join(t.TempDir(), "phone.json"))
	require.NoError(t, err)
	l, err := demoListen(t.Context(), "--app-listen", app)
	require.NoError(t, err)
	listenAndRun(t, a, listener{l, beside})
	return &life{
		Browser: browsertest.Start(t, options), t: t, options: options, a: a, db: db, mail: post,
		app: "http://" + app, email: "grace@example.test", password: "a long walk over the hills",
	}
}

// look takes a screenshot of the page, in which the checkers must find no fault.
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

// code returns what the authenticator shows. To avoid waiting half a minute for the next code, it makes the server forget the step of the
// last one.
func (l *life) code() string {
	l.t.Helper()
	_, err := l.db.SQL(l.t).ExecContext(l.t.Context(), "UPDATE authenticators SET last_step = last_step - 10")
	require.NoError(l.t, err)
	return browsertest.Code(l.t, l.uri, time.Now())
}

// letter returns the next message to the address, which must be the one of this subject. The HTML checker reads it.
func (l *life) letter(address, subject string) mailtest.Message {
	l.t.Helper()
	m := l.mail.Wait(l.t, address)
	require.Equal(l.t, subject, m.Subject, m.Text)
	l.gallery.add(l.t.Name()+"/mail: "+subject, m.HTML)
	return m
}
