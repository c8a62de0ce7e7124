// Package jwttest makes JWTs for tests, as clients and attackers would: signed by keys of clients ([Keys]), under headers of any content, and
// spelled in other ways ([Variants]).
package jwttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// Keys returns private keys of clients by the algorithm that they sign with. They are made once in a process: RSA keys take long to find.
var Keys = sync.OnceValue(func() map[string]crypto.Signer {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return map[string]crypto.Signer{"RS256": rsaKey, "PS256": rsaKey, "ES256": ecKey, "EdDSA": edKey}
})

// Public returns the JWK of a key, with a kid unless that is empty.
func Public(key crypto.Signer, kid string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key.Public(), KeyID: kid}
}

// Thumbprint returns the thumbprint (RFC 7638) of the key of [Keys] for an algorithm.
func Thumbprint(t testing.TB, alg string) string {
	t.Helper()
	key := Public(Keys()[alg], "")
	sum, err := key.Thumbprint(crypto.SHA256)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(sum)
}

// SignWith returns a compact JWS of claims, which are a text or a value to encode as JSON.
func SignWith(t testing.TB, key jose.SigningKey, options *jose.SignerOptions, claims any) string {
	t.Helper()
	text, isText := claims.(string)
	if !isText {
		encoded, err := json.Marshal(claims)
		require.NoError(t, err)
		text = string(encoded)
	}
	signer, err := jose.NewSigner(key, options)
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(text))
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return compact
}

// Sign signs claims as a client would, with kid in the header unless it is empty.
func Sign(t testing.TB, alg string, key any, kid string, claims any) string {
	t.Helper()
	return SignWith(t, jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil, claims)
}

// SignProof signs a DPoP proof with a key that goes into its header.
func SignProof(t testing.TB, alg string, key crypto.Signer, claims any) string {
	t.Helper()
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	return SignWith(t, jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, options, claims)
}

// Unsigned returns an unsecured JWT (RFC 7519 section 6).
func Unsigned(claims []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(claims) + "."
}

// Compact returns a compact JWS of header and claims. sign returns the signature of the text before it; nil: the signature is empty.
func Compact(t testing.TB, header, claims map[string]any, sign func(string) []byte) string {
	t.Helper()
	encode := func(value any) string {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := encode(header) + "." + encode(claims)
	if sign == nil {
		return signed + "."
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign(signed))
}

// TakeApart returns the header and the claims of a JWS without checking it.
func TakeApart(t testing.TB, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, into))
	}
	return header, claims
}

// Respelled returns a part of a JWS in the only valid spelling of its base64url.
func Respelled(t testing.TB, part string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Variants returns other spellings of a token: each character changed by one bit, other alphabets, padding, blanks.
func Variants(token string) []string {
	var list []string
	for i := range token {
		for _, bit := range []byte{1, 4, 32} {
			changed := []byte(token)
			changed[i] ^= bit
			if text := string(changed); text != token {
				list = append(list, text)
			}
		}
	}
	list = append(list, token+"=", token+"==", token+" ", " "+token, token+"\n", "\r\n"+token, token+"\t", token+"\u00a0", token+".",
		strings.ToUpper(token), strings.ToLower(token), token[:len(token)/2]+"\n"+token[len(token)/2:])
	for from, to := range map[string]string{"-": "+", "_": "/"} {
		if changed := strings.ReplaceAll(token, from, to); changed != token {
			list = append(list, changed)
		}
	}
	return list
}
