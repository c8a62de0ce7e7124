package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Paths below the issuer.
const (
	discoveryPath  = "/.well-known/openid-configuration"
	jwksPath       = "/.well-known/jwks.json"
	authorizePath  = "/oauth2/auth"
	tokenPath      = "/oauth2/token"
	introspectPath = "/oauth2/introspect"
	userinfoPath   = "/userinfo"
)

// authorization is one authorization request (OIDC Core section 3.1.2.1) with PKCE (RFC 7636).
type authorization struct {
	client                 webClient
	state, nonce, verifier string
}

func newAuthorization(c webClient) authorization {
	return authorization{client: c, state: rand.Text(), nonce: rand.Text(), verifier: rand.Text() + rand.Text()}
}

func (q authorization) path() string {
	challenge := sha256.Sum256([]byte(q.verifier))
	return authorizePath + "?response_type=code&client_id=" + q.client.id + "&redirect_uri=" + url.QueryEscape(redirectURI) +
		"&scope=" + url.QueryEscape(scopes) + "&state=" + q.state + "&nonce=" + q.nonce +
		"&code_challenge_method=S256&code_challenge=" + base64.RawURLEncoding.EncodeToString(challenge[:])
}

// code returns the authorization code of an answer, which must redirect to the app with the code, the state and the issuer (RFC
// 9207).
func (q authorization) code(a answer, issuer string) (string, error) {
	location := a.header.Get("Location")
	if a.status != http.StatusSeeOther && a.status != http.StatusFound {
		return "", unexpected(a)
	}
	query, found := strings.CutPrefix(location, redirectURI+"?")
	if !found {
		shown, _, _ := strings.Cut(location, "?")
		return "", errors.New("redirected to " + shown + ", not to the app")
	}
	values, err := url.ParseQuery(query)
	switch {
	case err != nil:
		return "", errors.New("the redirect's query cannot be read")
	case values.Has("error"):
		return "", errors.New("the redirect says " + values.Get("error") + ": " + values.Get("error_description"))
	case values.Get("state") != q.state || values.Get("iss") != issuer || values.Get("code") == "":
		return "", errors.New("the redirect has no code, or the wrong state or iss")
	}
	return values.Get("code"), nil
}
