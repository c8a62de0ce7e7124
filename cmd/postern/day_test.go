package main

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/sync/errgroup"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// day is one day of a person and an app, in virtual time.
type day struct {
	t       *testing.T
	a       *app
	ctx     context.Context
	browser *browsertest.Visitor
	app     oauth2.Config
	op      *oidc.Provider
}

const dayIssuer, dayCallback = "http://localhost:4280", "http://localhost:4281/callback"

// TestADay lets a whole day pass, with sign-ins, silent sign-ins and refreshes, and checks every expiry to the second.
func TestADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDay(t)
		first := d.signIn()
		d.refuseTheSameCode()
		last := d.refreshAllDay(first)
		d.sessionEndsAfterADay()
		d.refreshEndsUnused(last)
		d.nothingIsLeft()
	})
}

func newDay(t *testing.T) *day {
	a := newTestApp(t, storagetest.SQLite(t), dayIssuer)
	addAda(t, a)
	id, secret := addClient(t, a, client.Web, dayCallback, func(m *client.Metadata) { m.IDTokenAlg = "ES256" })
	network := browsertest.InProcess{"localhost:4280": a.public, "localhost:4281": http.NotFoundHandler()}
	ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: network})
	op, err := oidc.NewProvider(ctx, dayIssuer)
	require.NoError(t, err)
	return &day{
		t: t, a: a, ctx: ctx, op: op, browser: browsertest.NewVisitor(t, network),
		app: oauth2.Config{
			ClientID: id, ClientSecret: secret, Endpoint: op.Endpoint(), RedirectURL: dayCallback,
			Scopes: []string{"openid", "email", "offline_access"},
		},
	}
}

// authorize sends the browser to the provider and returns the URL at which it ends, with the response if that is the app's.
func (d *day) authorize(options ...oauth2.AuthCodeOption) (verifier string) {
	verifier = oauth2.GenerateVerifier()
	d.browser.Open(d.app.AuthCodeURL("state", append(options, oauth2.S256ChallengeOption(verifier))...))
	return verifier
}

func (d *day) answer() url.Values {
	arrived, err := url.Parse(d.browser.URL())
	require.NoError(d.t, err)
	return arrived.Query()
}

func (d *day) redeem(verifier string) *oauth2.Token {
	d.t.Helper()
	token, err := d.app.Exchange(d.ctx, d.answer().Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(d.t, err)
	d.verify(token)
	return token
}

// verify checks an ID token as an app does, at the app's current time.
func (d *day) verify(token *oauth2.Token) *oidc.IDToken {
	d.t.Helper()
	raw, _ := token.Extra("id_token").(string)
	verified, err := d.op.VerifierContext(d.ctx, &oidc.Config{
		ClientID: d.app.ClientID, SupportedSigningAlgs: []string{"ES256"}, Now: time.Now,
	}).Verify(d.ctx, raw)
	require.NoError(d.t, err)
	return verified
}

func (d *day) userinfo(token *oauth2.Token) error {
	_, err := d.op.UserInfo(d.ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token.AccessToken}))
	return err
}

func (d *day) signIn() *oauth2.Token {
	verifier := d.authorize()
	signInAsAda(d.t, d.browser, time.Now())
	d.browser.Submit("Allow")
	return d.redeem(verifier)
}

// refuseTheSameCode types the code of the sign-in once more while it is still shown.
func (d *day) refuseTheSameCode() {
	d.authorize(oauth2.SetAuthURLParam("prompt", "login"))
	signInAsAda(d.t, d.browser, time.Now())
	require.Equal(d.t, http.StatusUnprocessableEntity, d.browser.Status(), "a used code")
	time.Sleep(30 * time.Second)
	d.browser.Fill("code", browsertest.Code(d.t, adaURI, time.Now()))
	d.browser.Submit("Continue")
	require.NotEmpty(d.t, d.answer().Get("code"), "the next code, at %s", d.browser.URL())
}

// refreshAllDay refreshes whenever the access token is about to end, keeps the session alive by silent sign-ins, and sees
// each old access token end on its second.
func (d *day) refreshAllDay(token *oauth2.Token) *oauth2.Token {
	authTime := d.claims(token)["auth_time"]
	for begin := time.Now(); time.Since(begin) < 23*time.Hour; {
		end := token.Expiry
		time.Sleep(time.Until(end.Add(-time.Second)))
		require.NoError(d.t, d.userinfo(token), "a second before its end")
		fresh, err := d.app.TokenSource(d.ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
		require.NoError(d.t, err)
		require.WithinDuration(d.t, time.Now().Add(10*time.Minute), fresh.Expiry, time.Second)
		require.Equal(d.t, authTime, d.claims(fresh)["auth_time"], "a refresh is not a sign-in")
		time.Sleep(time.Until(end.Add(time.Second)))
		require.Error(d.t, d.userinfo(token), "the old access token has expired")
		token = fresh
		d.authorize(oauth2.SetAuthURLParam("prompt", "none"))
		require.NotEmpty(d.t, d.answer().Get("code"), "silent sign-in at %s: %s", time.Now(), d.browser.URL())
	}
	return token
}

func (d *day) claims(token *oauth2.Token) map[string]any {
	claims := map[string]any{}
	require.NoError(d.t, d.verify(token).Claims(&claims))
	return claims
}

// sessionEndsAfterADay checks that the session ends at its maximum age although it was in use all the time.
func (d *day) sessionEndsAfterADay() {
	for range 3 {
		time.Sleep(30 * time.Minute)
		d.authorize(oauth2.SetAuthURLParam("prompt", "none"))
	}
	require.Equal(d.t, "login_required", d.answer().Get("error"), "after %s", d.browser.URL())
	verifier := d.authorize()
	signInAsAda(d.t, d.browser, time.Now())
	d.redeem(verifier) // consent is remembered
	time.Sleep(time.Hour + time.Second)
	d.authorize(oauth2.SetAuthURLParam("prompt", "none"))
	require.Equal(d.t, "login_required", d.answer().Get("error"), "idle for an hour")
}

// refreshEndsUnused checks that the refresh token ends after fourteen days without use.
func (d *day) refreshEndsUnused(token *oauth2.Token) {
	time.Sleep(14 * 24 * time.Hour)
	_, err := d.app.TokenSource(d.ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	refused := new(oauth2.RetrieveError)
	require.ErrorAs(d.t, err, &refused)
	require.Equal(d.t, "invalid_grant", refused.ErrorCode)
}

// nothingIsLeft lets the background loops run for two minutes: they remove what has expired and chain the audit log.
func (d *day) nothingIsLeft() {
	time.Sleep(90 * 24 * time.Hour)
	ctx, stop := context.WithCancel(context.Background())
	var group errgroup.Group
	d.a.startLoops(ctx, &group)
	time.Sleep(2 * time.Minute)
	stop()
	require.NoError(d.t, group.Wait())
	left, err := d.a.store.Sweep(d.t.Context(), time.Now(), 100)
	require.NoError(d.t, err)
	require.Zero(d.t, left, "the loop has swept before")
	report, err := d.a.audit.Verify(d.t.Context())
	require.NoError(d.t, err)
	require.Nil(d.t, report.Fault)
	require.Zero(d.t, report.Unchained)
	require.Greater(d.t, report.Chained, int64(100))
}
