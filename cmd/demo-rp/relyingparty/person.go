package relyingparty

import (
	"context"
	"encoding/json"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// person is the person who is signed in, and what the provider said about them.
type person struct {
	subject    string
	signedInAt time.Time
	tokens     *oauth2.Token
	rawIDToken string
	idToken    claims
	userInfo   claims
	refreshed  *refreshed // the latest refresh; nil before the first
}

// claims are the members of a JSON object, not decoded.
type claims map[string]json.RawMessage

// text returns the claim if it is a string, otherwise "".
func (c claims) text(name string) string {
	var text string
	if json.Unmarshal(c[name], &text) != nil {
		return ""
	}
	return text
}

// list returns the claim if it is an array of strings, otherwise nil.
func (c claims) list(name string) []string {
	var list []string
	if json.Unmarshal(c[name], &list) != nil {
		return nil
	}
	return list
}

// readIDToken verifies the ID token among the person's tokens (OIDC Core
// section 3.1.3.7, except for the nonce) and stores its claims in who. Its
// error is a *problem.
func (who *person) readIDToken(ctx context.Context, p *provider, clientID string) (*oidc.IDToken, error) {
	raw, _ := who.tokens.Extra("id_token").(string)
	if raw == "" {
		return nil, invalidIDToken("the token response contains no ID token")
	}
	idToken, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, invalidIDToken(err.Error())
	}
	if idToken.AccessTokenHash != "" {
		if err := idToken.VerifyAccessToken(who.tokens.AccessToken); err != nil {
			return nil, invalidIDToken(err.Error())
		}
	}
	var all claims
	if err := idToken.Claims(&all); err != nil {
		return nil, invalidIDToken(err.Error())
	}
	if len(idToken.Audience) > 1 && all.text("azp") != clientID {
		return nil, invalidIDToken("it was issued to another app")
	}
	if who.subject != "" && who.subject != idToken.Subject {
		return nil, invalidIDToken("it is about another person")
	}
	who.subject, who.rawIDToken, who.idToken = idToken.Subject, raw, all
	return idToken, nil
}

// readUserInfo reads the person's claims from the userinfo endpoint. Its error
// is a *problem.
func (who *person) readUserInfo(ctx context.Context, p *provider) error {
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(who.tokens))
	if err != nil {
		return invalidUserInfo(err.Error())
	}
	if info.Subject != who.subject { // OIDC Core section 5.3.2: the access token could have been substituted
		return invalidUserInfo("it is about another person than the ID token")
	}
	var all claims
	if err := info.Claims(&all); err != nil {
		return invalidUserInfo(err.Error())
	}
	who.userInfo = all
	return nil
}
