package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

var (
	testNow    = time.Unix(1_800_000_000, 0)
	testClient = webClient{id: "bench-es256", secret: "s", algorithm: "ES256"}
)

const testIssuer = "http://127.0.0.1:4280"

func signedIDToken(t *testing.T, change map[string]any) (string, jose.JSONWebKeySet) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	key := jose.JSONWebKey{Key: private, KeyID: "k1", Algorithm: "ES256"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	require.NoError(t, err)
	claims := map[string]any{
		"iss": testIssuer, "sub": "u1", "aud": "bench-es256", "nonce": "n1", "exp": testNow.Unix() + 3600, "amr": []string{"pwd", "otp", "mfa"},
	}
	maps.Copy(claims, change)
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(text)
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}
}

func TestCheckIDToken(t *testing.T) {
	for _, c := range []struct {
		name   string
		change map[string]any
		client webClient
		nonce  string
		fault  string
	}{
		{"right", nil, testClient, "n1", ""},
		{"any nonce", nil, testClient, "", ""},
		{"another algorithm", nil, webClient{id: "bench-es256", algorithm: "RS256"}, "n1", `signed with "ES256", not RS256`},
		{"another nonce", nil, testClient, "n2", "wrong nonce"},
		{"another issuer", map[string]any{"iss": "https://elsewhere.example"}, testClient, "n1", "wrong iss or aud"},
		{"another audience", map[string]any{"aud": "other"}, testClient, "n1", "wrong iss or aud"},
		{"several audiences", map[string]any{"aud": []string{"bench-es256", "other"}}, testClient, "n1", "wrong iss or aud"},
		{"no subject", map[string]any{"sub": ""}, testClient, "n1", "no sub"},
		{"password only", map[string]any{"amr": []string{"pwd"}}, testClient, "n1", "has amr [pwd]"},
		{"expired", map[string]any{"exp": testNow.Unix()}, testClient, "n1", "expired"},
	} {
		token, _ := signedIDToken(t, c.change)
		err := checkIDToken(token, testIssuer, c.client, c.nonce, testNow)
		if c.fault == "" {
			require.NoError(t, err, c.name)
			continue
		}
		require.ErrorContains(t, err, c.fault, c.name)
	}
	require.Error(t, checkIDToken("", testIssuer, testClient, "", testNow))
	require.Error(t, checkIDToken("a.b.c", testIssuer, testClient, "", testNow))
}

func TestVerify(t *testing.T) {
	token, keys := signedIDToken(t, nil)
	require.NoError(t, verify(token, "ES256", keys))
	require.Error(t, verify(token, "RS256", keys))
	require.ErrorContains(t, verify(token, "ES256", jose.JSONWebKeySet{}), "0 keys")
	_, others := signedIDToken(t, nil)
	require.ErrorContains(t, verify(token, "ES256", others), "verify")
}

func jsonAnswer(status int, body string) answer {
	return answer{status: status, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body: []byte(body)}
}

func TestAccessTokens(t *testing.T) {
	got, err := accessTokens(jsonAnswer(200, `{"access_token":"a","token_type":"bearer","expires_in":600}`))
	require.NoError(t, err)
	require.Equal(t, tokens{AccessToken: "a", TokenType: "bearer", ExpiresIn: 600}, got)
	for _, body := range []string{`{}`, `{"access_token":"a","token_type":"DPoP","expires_in":600}`, `{"access_token":"a","token_type":"Bearer"}`} {
		_, err = accessTokens(jsonAnswer(200, body))
		require.ErrorContains(t, err, "no access token", body)
	}
	_, err = accessTokens(jsonAnswer(400, `{"error":"invalid_grant","error_description":"Used."}`))
	require.EqualError(t, err, "answer 400: invalid_grant: Used.")
	_, err = accessTokens(answer{status: 200, header: http.Header{"Content-Type": {"text/html"}}, body: []byte("<p>")})
	require.EqualError(t, err, "answer 200, text/html")
}

func TestUserTokensNeedAllThree(t *testing.T) {
	token, _ := signedIDToken(t, nil)
	whole, err := json.Marshal(map[string]any{
		"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": token, "refresh_token": "r",
	})
	require.NoError(t, err)
	got, err := userTokens(jsonAnswer(200, string(whole)), testIssuer, testClient, "n1", testNow)
	require.NoError(t, err)
	require.Equal(t, "r", got.RefreshToken)
	_, err = userTokens(jsonAnswer(200, `{"access_token":"a","token_type":"Bearer","expires_in":600}`), testIssuer, testClient, "n1", testNow)
	require.ErrorContains(t, err, "no refresh token")
	_, err = userTokens(jsonAnswer(200, `{"access_token":"a","token_type":"Bearer","expires_in":600,"refresh_token":"r"}`), testIssuer, testClient, "n1", testNow)
	require.ErrorContains(t, err, "not a compact JWS")
}
