package main

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/audit"
)

// fromApp begins a sign-in at the app.
func (l *life) fromApp() {
	l.t.Helper()
	l.Open(l.app)
	l.Follow("Sign in with Postern")
	l.at("/login")
	require.Contains(l.t, l.Text(), "Sign in to continue to Demo App")
}

// inApp requires that the person is back in the app, signed in.
func (l *life) inApp() {
	l.t.Helper()
	require.Equal(l.t, l.app+"/", l.URL(), l.Text())
	require.Contains(l.t, l.Text(), l.email)
}

// signOutOfBoth ends the sign-in here and at the app.
func (l *life) signOutOfBoth() {
	l.t.Helper()
	l.Open(l.app)
	l.Submit("Sign out")
	l.visit("/logout")
	l.Submit("Sign out")
}

// registerForApp makes an account on the way to an app, and ends in the app.
func (l *life) registerForApp() {
	l.email, l.password = "hedy@example.test", "nine herons over the weir"
	l.fromApp()
	l.look("app-sign-in")
	l.Follow("Create an account")
	require.Contains(l.t, l.URL(), "flow=")
	l.Fill("E-mail address", l.email)
	l.Fill("Your name", "Hedy Example")
	l.Submit("Send me the link")
	l.look("app-register-sent")
	l.Open(l.letter(l.email, "Your new account at Postern").Link())
	l.look("app-register-password")
	l.Fill("New password", l.password)
	l.Submit("Save and continue")
	l.uri = l.QR()
	l.Fill("Code from the app", l.code())
	l.Submit("Confirm")
	l.keepCodes("Continue to Demo App")
	l.letter(l.email, "An authenticator app was connected to Postern")
	l.at("/consent")
	l.Submit("Allow")
	l.inApp()
	l.signOutOfBoth()
}

// resetForApp chooses a new password on the way to an app.
func (l *life) resetForApp() {
	l.fromApp()
	l.Follow("Forgot your password?")
	l.Fill("E-mail or user name", l.email)
	l.Submit("Send me the link")
	l.Open(l.letter(l.email, "Choose a new password for Postern").Link())
	l.password = "ten bridges in the fog"
	l.Fill("New password", l.password)
	l.Submit("Save and continue")
	l.letter(l.email, "Your password at Postern was changed")
	l.look("app-reset-done")
	l.Follow("Continue to Demo App")
	l.at("/login")
	l.prove()
	l.typeCode()
	l.inApp()
}

// meetOldRequests returns to the app from the pages of requests that are over: expired, already answered, cancelled.
func (l *life) meetOldRequests() {
	l.signOutOfBoth()
	l.fromApp()
	late := l.URL()
	_, err := l.db.SQL(l.t).ExecContext(l.t.Context(), "UPDATE flows SET expires_at = created_at")
	require.NoError(l.t, err)
	l.Fill("E-mail or user name", l.email)
	l.Fill("Password", l.password)
	l.Submit("Continue")
	require.Equal(l.t, 410, l.Status())
	l.look("app-expired")
	l.Follow("Go back to Demo App and try again")
	require.Equal(l.t, l.app+"/", l.URL())

	l.fromApp()
	answered := l.URL()
	l.prove()
	l.typeCode()
	l.inApp()
	for _, over := range []string{answered, late} {
		l.Open(over)
		require.Equal(l.t, 410, l.Status())
		require.Contains(l.t, l.Text(), "You are signed in")
		l.Follow("Continue to Demo App")
		require.Equal(l.t, l.app+"/", l.URL())
	}
	l.signOutOfBoth()
	l.fromApp()
	l.Submit("Cancel and go back to Demo App")
	require.Contains(l.t, l.URL(), l.app)
}

// useTwoTabs signs in in one of two waiting tabs; the other continues by itself. Nobody is signed in before.
func (l *life) useTwoTabs() {
	l.fromApp()
	other := *l
	other.Browser = l.NewTab()
	other.fromApp()
	other.prove()
	other.typeCode()
	other.inApp()
	l.Reload()
	l.inApp()
}

// askByForm comes from a page of another site that asks by POST, signed in and signed out, and disturbs no other tab by it.
func (l *life) askByForm() {
	site := l.otherSite()
	l.Open(site.URL)
	l.Submit("Ask by a form")
	l.arrivedAt(site.URL)

	l.signOutOfBoth()
	l.fromApp()
	other := *l
	other.Browser = l.NewTab()
	other.Open(site.URL)
	other.Submit("Ask by a form")
	other.at("/login")
	l.prove()
	l.typeCode()
	l.inApp()
	other.Reload()
	other.arrivedAt(site.URL)
}

// otherSite is an app of another site, whose requests are forms.
func (l *life) otherSite() *httptest.Server {
	l.t.Helper()
	var form url.Values
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Other</title><link rel="icon" href="data:,"><form method="post" action="%s/oauth2/auth">`, l.a.cfg.Issuer)
		for name := range form {
			fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, name, html.EscapeString(form.Get(name)))
		}
		fmt.Fprint(w, `<button>Ask by a form</button></form></html>`)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Arrived</title><link rel="icon" href="data:,"><p>Arrived</p></html>`)
	})
	site := httptest.NewServer(mux)
	l.t.Cleanup(site.Close)
	id, _ := addClient(l.t, l.a, client.Web, site.URL+"/callback", func(m *client.Metadata) { m.Name, m.Consent = "Other site", client.ConsentSkip })
	form = authorizeParams(id)
	form.Set("redirect_uri", site.URL+"/callback")
	return site
}

// leaveForStranger is redirected, with an error, to an app that registered itself. Before that, a page says where the browser will go.
func (l *life) leaveForStranger() {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Arrived</title><link rel="icon" href="data:,"><p>Arrived</p></html>`)
	}))
	l.t.Cleanup(site.Close)
	m := client.Defaults(client.Web)
	m.Name, m.RedirectURIs = "Your Bank", []string{site.URL + "/callback"}
	made, err := l.a.clients.Register(l.t.Context(), m, "", audit.Client(""), time.Now())
	require.NoError(l.t, err)
	form := authorizeParams(made.ID)
	form.Set("redirect_uri", site.URL+"/callback")
	form.Set("prompt", "none")
	l.visit("/oauth2/auth?" + form.Encode())
	require.Contains(l.t, l.Text(), "You are leaving Postern")
	l.look("leaving")
	l.Follow("Go on")
	require.True(l.t, strings.HasPrefix(l.URL(), site.URL+"/callback?"), l.URL())
	require.Contains(l.t, l.URL(), "error=consent_required")
}

func (l *life) arrivedAt(site string) {
	l.t.Helper()
	require.True(l.t, strings.HasPrefix(l.URL(), site+"/callback?"), l.URL()+" "+l.Text())
	require.Contains(l.t, l.URL(), "code=")
}
