package token

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage/storagetest"
)

const issuer = "https://id.example.test"

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// RFC 9449 section 4.3: proofs with one fault each are refused.
func TestDPoPProofChecks(t *testing.T) {
	key := jwttest.Keys()["EdDSA"]
	jwk := jwttest.Public(key, "")
	said := map[string]any{"jti": "j", "htm": "POST", "htu": issuer + "/oauth2/token", "iat": noon.Unix()}
	// forge returns a proof with any header.
	forge := func(header map[string]any) string {
		return jwttest.Compact(t, header, said, func(text string) []byte {
			signature, err := key.Sign(rand.Reader, []byte(text), crypto.Hash(0))
			require.NoError(t, err)
			return signature
		})
	}
	header := func(pairs ...any) map[string]any {
		h := map[string]any{"typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i].(string)] = pairs[i+1]
		}
		return h
	}
	members := func(pairs ...any) map[string]any {
		text, err := json.Marshal(jwk)
		require.NoError(t, err)
		m := map[string]any{}
		require.NoError(t, json.Unmarshal(text, &m))
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = pairs[i+1]
		}
		return m
	}
	good := forge(header())
	_, jkt, err := readProof(good)
	require.NoError(t, err)
	require.Equal(t, jwttest.Thumbprint(t, "EdDSA"), jkt)
	_, _, err = readProof(forge(header("kid", "some", "jwk", members("use", "sig", "kid", "other"))))
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"empty": "", "blank": " ", "no JWT": "x", "two parts": good[:strings.LastIndex(good, ".")], "two proofs": good + ", " + good,
		"another type": forge(header("typ", "JWT")), "type in capitals": forge(header("typ", "DPOP+JWT")), "no type": forge(header("typ", nil)),
		"none": jwttest.Compact(t, header("alg", "none"), said, nil), "HMAC": forge(header("alg", "HS256")), "another algorithm": forge(header("alg", "ES256")),
		"no key": forge(header("jwk", nil)), "private key": forge(header("jwk", members("d", "AA"))), "secret": forge(header("jwk", map[string]any{"kty": "oct", "k": "AA"})),
		"another key": forge(header("jwk", jwttest.Public(jwttest.Keys()["ES256"], ""))), "key for encryption": forge(header("jwk", members("use", "enc"))),
		"key for ES256": forge(header("jwk", members("alg", "ES256"))), "key in a list": forge(header("jwk", []any{jwk})), "two keys": forge(header("jwk", jwk, "JWK", "x", "jwk", []any{})),
		"crit": forge(header("crit", []string{"b64"}, "b64", true)), "unsigned": good[:strings.LastIndex(good, ".")+1], "longer": good + strings.Repeat("A", longestProof),
		"weak RSA": jwttest.SignProof(t, "RS256", weak, said), "claims in a list": jwttest.SignProof(t, "EdDSA", key, "[]"), "claim twice": jwttest.SignProof(t, "EdDSA", key, `{"jti":"a","jti":"b"}`),
	} {
		_, _, err := readProof(text)
		require.Equal(t, oauth.InvalidDPoPProof, oauth.RefusalOf(err).Code, name)
	}
}

// RFC 9449 section 4.3, numbers 8 to 11, and section 8.
func TestDPoPProofIsForTheRequest(t *testing.T) {
	proofs := NewProofs(issuer, storagetest.Open(t))
	fresh := proofs.Nonce(noon)
	request := target{method: "POST", uri: issuer + "/oauth2/token"}
	strict := request
	strict.needsNonce = true
	for _, tc := range []struct {
		name, claims string
		request      target
		code         string
	}{
		{"right", `{"iat":0}`, request, ""},
		{"60 seconds old", `{"iat":-60}`, request, ""}, {"60 seconds ahead", `{"iat":60}`, request, ""},
		{"61 seconds old", `{"iat":-61}`, request, oauth.UseDPoPNonce}, {"61 seconds ahead", `{"iat":61}`, request, oauth.UseDPoPNonce},
		{"old with a nonce", `{"iat":-9999,"nonce":"` + fresh + `"}`, request, ""},
		{"the nonce before", `{"iat":0,"nonce":"` + proofs.Nonce(noon.Add(-nonceLife)) + `"}`, strict, ""},
		{"the nonce before that", `{"iat":0,"nonce":"` + proofs.Nonce(noon.Add(-2*nonceLife)) + `"}`, request, oauth.UseDPoPNonce},
		{"another's nonce", `{"iat":0,"nonce":"` + NewProofs(issuer, storagetest.Open(t)).Nonce(noon) + `"}`, request, oauth.UseDPoPNonce},
		{"no nonce", `{"iat":0}`, strict, oauth.UseDPoPNonce},
		{"no iat", `{"nonce":"` + fresh + `"}`, request, oauth.InvalidDPoPProof},
		{"no jti", `{"iat":0,"jti":""}`, request, oauth.InvalidDPoPProof},
		{"a long jti", `{"iat":0,"jti":"` + strings.Repeat("ä", 257) + `"}`, request, oauth.InvalidDPoPProof},
		{"the longest jti", `{"iat":0,"jti":"` + strings.Repeat("ä", 256) + `"}`, request, ""},
		{"htm in lower case", `{"iat":0,"htm":"post"}`, request, oauth.InvalidDPoPProof},
		{"no htm", `{"iat":0,"htm":""}`, request, oauth.InvalidDPoPProof},
		{"no htu", `{"iat":0,"htu":""}`, request, oauth.InvalidDPoPProof},
		{"a name in capitals", `{"iat":0,"htm":"","HTM":"POST"}`, request, oauth.InvalidDPoPProof},
	} {
		claims := map[string]any{"jti": "j", "htm": "POST", "htu": issuer + "/oauth2/token"}
		require.NoError(t, json.Unmarshal([]byte(tc.claims), &claims), tc.name)
		if at, ok := claims["iat"].(float64); ok {
			claims["iat"] = noon.Unix() + int64(at)
		}
		read, _, err := readProof(jwttest.SignProof(t, "EdDSA", jwttest.Keys()["EdDSA"], claims))
		require.NoError(t, err, tc.name)
		expires, err := proofs.check(read, tc.request, noon)
		if tc.code == "" {
			require.NoError(t, err, tc.name)
			require.False(t, expires.Before(noon), tc.name)
			continue
		}
		require.Error(t, err, tc.name)
		require.Equal(t, tc.code, oauth.RefusalOf(err).Code, tc.name)
	}
}

// RFC 9449 section 4.3: htu is compared after the normalisation of RFC 3986 sections 6.2.2 and 6.2.3.
func TestDPoPURIsAreNormalised(t *testing.T) {
	want, ok := normalURI("https://id.example.test/a-b/oauth2/token")
	require.True(t, ok)
	for text, same := range map[string]bool{
		"HTTPS://ID.example.TEST:443/a-b/oauth2/token?x=y#z": true, "https://id.example.test:/a%2Db/oauth2/./x/../token": true,
		"https://id.example.test/a-b/%6Fauth2/token": true, "https://id.example.test/a-b/oauth2/%2e/token": true,
		"http://id.example.test/a-b/oauth2/token": false, "https://id.example.test:80/a-b/oauth2/token": false, "https://id.example.test/A-b/oauth2/token": false,
		"https://id.example.test/a-b/oauth2/token/": false, "https://id.example.test/a-b/oauth2%2Ftoken": false, "https://id.example.test/a-b//oauth2/token": false,
		"https://x@id.example.test/a-b/oauth2/token": false, "//id.example.test/a-b/oauth2/token": false, "/a-b/oauth2/token": false, "": false,
		"https:id.example.test/a-b/oauth2/token": false, "https://id.example.test.evil.test/a-b/oauth2/token": false, "ftp://id.example.test/a-b/oauth2/token": false,
	} {
		got, ok := normalURI(text)
		require.Equal(t, same, ok && got == want, "%s: %s", text, got)
	}
	root, _ := normalURI("https://id.example.test")
	slash, _ := normalURI("https://id.example.test/")
	require.Equal(t, slash, root)
}
