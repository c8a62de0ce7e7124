package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	capoidc "github.com/hashicorp/cap/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/postern-id/postern/cmd/postern/browsertest"
	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage/storagetest"
)

// callbackServer receives the responses to an app.
func callbackServer(t *testing.T) string {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/callback"
}

// TestRelyingAppLibraries has two libraries that others wrote do discovery, sign-in, refresh and userinfo.
func TestRelyingAppLibraries(t *testing.T) {
	for name, relyingApp := range map[string]func(*testing.T, *app, *browsertest.Visitor){
		"coreos go-oidc with x/oauth2": goOIDC,
		"hashicorp cap":                hashicorpCap,
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
				a := newTestApp(t, db, "http://"+freeAddress(t))
				listenAndRun(t, a)
				addAda(t, a)
				relyingApp(t, a, browsertest.NewVisitor(t, nil))
			})
		})
	}
}

// visit follows the address of an app to the end: both factors, consent, and back to the app.
func visit(t *testing.T, v *browsertest.Visitor, address string) url.Values {
	t.Helper()
	v.Open(address)
	signInAsAda(t, v, time.Now())
	v.Submit("Allow")
	arrived, err := url.Parse(v.URL())
	require.NoError(t, err)
	require.Equal(t, "/callback", arrived.Path, v.URL())
	return arrived.Query()
}

func goOIDC(t *testing.T, a *app, v *browsertest.Visitor) {
	ctx, callback := t.Context(), callbackServer(t)
	id, secret := addClient(t, a, client.Web, callback, func(m *client.Metadata) { m.IDTokenAlg = "ES256" })
	discovered, err := oidc.NewProvider(ctx, a.cfg.Issuer)
	require.NoError(t, err)
	app := oauth2.Config{
		ClientID: id, ClientSecret: secret, Endpoint: discovered.Endpoint(), RedirectURL: callback,
		Scopes: []string{"openid", "profile", "email", "groups", "offline_access"},
	}
	verifier := oauth2.GenerateVerifier()
	answer := visit(t, v, app.AuthCodeURL("a state", oidc.Nonce("a nonce"), oauth2.S256ChallengeOption(verifier)))
	require.Equal(t, "a state", answer.Get("state"))
	require.Equal(t, a.cfg.Issuer, answer.Get("iss"))

	token, err := app.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	idTokens := discovered.VerifierContext(ctx, &oidc.Config{ClientID: id, SupportedSigningAlgs: []string{"ES256"}})
	raw, _ := token.Extra("id_token").(string)
	idToken, err := idTokens.Verify(ctx, raw)
	require.NoError(t, err)
	require.Equal(t, "a nonce", idToken.Nonce)
	require.NoError(t, idToken.VerifyAccessToken(token.AccessToken), "at_hash")

	token.Expiry = time.Now().Add(-time.Minute) // so that the library refreshes
	fresh, err := app.TokenSource(ctx, token).Token()
	require.NoError(t, err)
	require.NotEqual(t, token.AccessToken, fresh.AccessToken)
	require.NotEqual(t, token.RefreshToken, fresh.RefreshToken)
	info, err := discovered.UserInfo(ctx, oauth2.StaticTokenSource(fresh))
	require.NoError(t, err)
	require.Equal(t, idToken.Subject, info.Subject)
	require.Equal(t, "ada@example.test", info.Email)
	require.True(t, info.EmailVerified)
	var claims struct{ Groups []string }
	require.NoError(t, info.Claims(&claims))
	require.Equal(t, []string{"staff"}, claims.Groups)
}

func hashicorpCap(t *testing.T, a *app, v *browsertest.Visitor) {
	ctx, callback := t.Context(), callbackServer(t)
	id, secret := addClient(t, a, client.Web, callback, nil)
	cfg, err := capoidc.NewConfig(a.cfg.Issuer, id, capoidc.ClientSecret(secret), []capoidc.Alg{capoidc.RS256}, []string{callback})
	require.NoError(t, err)
	provider, err := capoidc.NewProvider(cfg)
	require.NoError(t, err)
	t.Cleanup(provider.Done)
	verifier, err := capoidc.NewCodeVerifier()
	require.NoError(t, err)
	request, err := capoidc.NewRequest(time.Minute, callback, capoidc.WithPKCE(verifier),
		capoidc.WithScopes("openid", "profile", "email", "offline_access"))
	require.NoError(t, err)
	address, err := provider.AuthURL(ctx, request)
	require.NoError(t, err)
	answer := visit(t, v, address)

	token, err := provider.Exchange(ctx, request, answer.Get("state"), answer.Get("code"))
	require.NoError(t, err, "the library verifies the ID token here")
	require.True(t, token.Valid())
	require.NotEmpty(t, token.RefreshToken())
	var idClaims, info map[string]any
	require.NoError(t, token.IDToken().Claims(&idClaims))
	subject, _ := idClaims["sub"].(string)
	require.NoError(t, provider.UserInfo(ctx, token.StaticTokenSource(), subject, &info))
	require.Equal(t, "ada@example.test", info["email"])

	refreshed := refreshWithCap(t, ctx, provider, id, secret, token)
	require.NoError(t, provider.UserInfo(ctx, oauth2.StaticTokenSource(refreshed), subject, &info))
}

// refreshWithCap refreshes as that library's users do: with x/oauth2 at the endpoint that the library discovered.
func refreshWithCap(t *testing.T, ctx context.Context, provider *capoidc.Provider, id, secret string, token *capoidc.Tk) *oauth2.Token {
	t.Helper()
	about, err := provider.DiscoveryInfo(ctx)
	require.NoError(t, err)
	app := oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: oauth2.Endpoint{TokenURL: about.TokenURL}}
	fresh, err := app.TokenSource(ctx, &oauth2.Token{RefreshToken: string(token.RefreshToken())}).Token()
	require.NoError(t, err)
	return fresh
}
