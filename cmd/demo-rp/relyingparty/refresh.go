package relyingparty

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// refreshed is the result of the latest refresh.
type refreshed struct {
	At         time.Time
	ValidUntil time.Time // of the access token; zero if the provider did not say
	Rotated    bool      // the refresh token was replaced
	NewIDToken bool
	Problem    *problem // nil if it succeeded
}

// refresh exchanges the refresh token and stores the result for the page.
func (a *App) refresh(w http.ResponseWriter, r *http.Request) error {
	s, ok := a.session(r)
	if !ok {
		return errNotSignedIn
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.person == nil {
		return errNotSignedIn
	}
	if s.person.tokens.RefreshToken == "" {
		return errNoRefreshToken
	}
	p, err := a.provider(r.Context())
	if err != nil {
		return err
	}
	now := time.Now()
	renewed, err := a.renew(r.Context(), p, *s.person, now)
	if err != nil {
		shown, ok := errors.AsType[*problem](err)
		if !ok {
			return err
		}
		renewed.refreshed = &refreshed{At: now, Problem: shown}
	}
	s.person = &renewed
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// renew returns who with new tokens and their claims. If it fails after the
// exchange, it returns who with only the tokens replaced, because the old
// refresh token is used up.
func (a *App) renew(ctx context.Context, p *provider, who person, now time.Time) (person, error) {
	ctx = a.toProvider(ctx)
	spent := who.tokens.RefreshToken
	// A token without an access token is never valid, so the source must
	// refresh it.
	tokens, err := a.oauth(p).TokenSource(ctx, &oauth2.Token{RefreshToken: spent}).Token()
	if err != nil {
		return who, tokenProblem(err)
	}
	who.tokens = tokens
	renewed := who
	newIDToken := tokens.Extra("id_token") != nil // optional: OIDC Core section 12.2
	if newIDToken {
		if _, err := renewed.readIDToken(ctx, p, a.config.ClientID); err != nil {
			return who, err
		}
		if err := sameSignIn(who.idToken, renewed.idToken); err != nil {
			return who, err
		}
	}
	if err := renewed.readUserInfo(ctx, p); err != nil {
		return who, err
	}
	renewed.refreshed = &refreshed{
		At: now, ValidUntil: tokens.Expiry,
		Rotated: tokens.RefreshToken != spent, NewIDToken: newIDToken,
	}
	return renewed, nil
}

// sameSignIn returns an error if a refreshed ID token changes claims about the
// sign-in. It may leave them out (OIDC Core section 12.2).
func sameSignIn(before, after claims) error {
	for _, name := range []string{"auth_time", "nonce"} {
		was, is := before[name], after[name]
		if was != nil && is != nil && string(was) != string(is) {
			return invalidIDToken("its " + name + " is not that of the sign-in")
		}
	}
	return nil
}
