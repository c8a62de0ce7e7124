package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// decode reads the JSON of an answer into a value. It returns an error with the status and the OAuth error code if the answer is
// not 200 with JSON.
func decode(a answer, into any) error {
	media, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if a.status != http.StatusOK || media != "application/json" {
		return unexpected(a)
	}
	return json.Unmarshal(a.body, into)
}

// unexpected returns an error that describes an answer without anything in it that may be secret.
func unexpected(a answer) error {
	var fault struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(a.body, &fault) == nil && fault.Code != "" {
		return fmt.Errorf("answer %d: %s: %s", a.status, fault.Code, fault.Description)
	}
	return fmt.Errorf("answer %d, %s", a.status, a.header.Get("Content-Type"))
}

// tokens is an answer of the token endpoint.
type tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	IDToken      string `json:"id_token"`
	RefreshToken string `json:"refresh_token"`
}

// accessTokens reads an answer of the token endpoint, which must contain an access token.
func accessTokens(a answer) (tokens, error) {
	var t tokens
	if err := decode(a, &t); err != nil {
		return t, err
	}
	if t.AccessToken == "" || !strings.EqualFold(t.TokenType, "Bearer") || t.ExpiresIn <= 0 {
		return t, errors.New("the answer contains no access token with type and lifetime")
	}
	return t, nil
}

// userTokens reads an answer of the token endpoint, which must contain all three tokens. The ID token must be for the client c
// and have the nonce (empty: any). Its signature is checked by verify.
func userTokens(a answer, issuer string, c webClient, nonce string, now time.Time) (tokens, error) {
	t, err := accessTokens(a)
	if err != nil {
		return t, err
	}
	if t.RefreshToken == "" {
		return t, errors.New("the answer contains no refresh token")
	}
	return t, checkIDToken(t.IDToken, issuer, c, nonce, now)
}

// idTokenClaims are the claims that every ID token of Postern has (OIDC Core section 2).
type idTokenClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience any      `json:"aud"`
	Nonce    string   `json:"nonce"`
	Expires  int64    `json:"exp"`
	Methods  []string `json:"amr"`
}

func checkIDToken(token, issuer string, c webClient, nonce string, now time.Time) error {
	header, claims, err := openIDToken(token)
	switch {
	case err != nil:
		return err
	case header.Algorithm != c.algorithm:
		return fmt.Errorf("the ID token is signed with %q, not %s", header.Algorithm, c.algorithm)
	case header.KeyID == "":
		return errors.New("the ID token names no key")
	case claims.Issuer != issuer || claims.Audience != c.id || claims.Subject == "":
		return errors.New("the ID token has the wrong iss or aud, or no sub")
	case nonce != "" && claims.Nonce != nonce:
		return errors.New("the ID token has the wrong nonce")
	case !slices.Contains(claims.Methods, "pwd") || !slices.Contains(claims.Methods, "otp"):
		return fmt.Errorf("the ID token has amr %v", claims.Methods)
	case now.Unix() >= claims.Expires:
		return errors.New("the ID token has expired")
	}
	return nil
}

type idTokenHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

func openIDToken(token string) (header idTokenHeader, claims idTokenClaims, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return header, claims, errors.New("the ID token is not a compact JWS")
	}
	for i, into := range []any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			return header, claims, fmt.Errorf("read the ID token: %w", err)
		}
	}
	return header, claims, nil
}

// verify checks the signature of an ID token. That costs more than signing, so only the first token of each connection is
// verified.
func verify(token, algorithm string, keys jose.JSONWebKeySet) error {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
	if err != nil {
		return fmt.Errorf("read the ID token: %w", err)
	}
	found := keys.Key(signed.Signatures[0].Header.KeyID)
	if len(found) != 1 {
		return fmt.Errorf("the JWKS has %d keys with the ID token's kid", len(found))
	}
	if _, err := signed.Verify(found[0]); err != nil {
		return fmt.Errorf("verify the ID token: %w", err)
	}
	return nil
}
