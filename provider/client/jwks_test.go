package client_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

func p256() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func rsaOf(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// publicJWK returns the public half of key as a JWK.
func publicJWK(key any, kid string) string {
	jwk := jose.JSONWebKey{Key: key, KeyID: kid}
	public := jwk.Public()
	text, err := json.Marshal(public)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func jwks(keys ...string) json.RawMessage {
	return json.RawMessage(`{"keys":[` + strings.Join(keys, ",") + `]}`)
}

func TestKeySets(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	ec := p256()
	private, err := json.Marshal(jose.JSONWebKey{Key: ec})
	require.NoError(t, err)
	rsaJWK := func(n *big.Int, e int64) string {
		b64 := base64.RawURLEncoding.EncodeToString
		return `{"kty":"RSA","n":"` + b64(n.Bytes()) + `","e":"` + b64(big.NewInt(e).Bytes()) + `"}`
	}
	n := rsaOf(2048).N
	coordinate := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	same := publicJWK(ec, "same")
	many := make([]string, 11)
	for i := range many {
		many[i] = publicJWK(ec, strings.Repeat("k", i+1))
	}
	for name, c := range map[string]struct {
		set json.RawMessage
		ok  bool
	}{
		"RSA-2048":              {jwks(publicJWK(rsaOf(2048), "1")), true},
		"P-256":                 {jwks(publicJWK(ec, "1")), true},
		"Ed25519":               {jwks(publicJWK(ed, "1")), true},
		"two kinds":             {jwks(publicJWK(ec, "1"), publicJWK(ed, "2")), true},
		"two without kid":       {jwks(publicJWK(ec, ""), publicJWK(ed, "")), true},
		"ten":                   {jwks(many[:10]...), true},
		"eleven":                {jwks(many...), false},
		"none":                  {jwks(), false},
		"not JSON":              {json.RawMessage(`{`), false},
		"not a set":             {json.RawMessage(`[]`), false},
		"one key, not a set":    {json.RawMessage(publicJWK(ec, "1")), false},
		"too long":              {json.RawMessage(`{"keys":[` + publicJWK(ec, "1") + `],"x":"` + strings.Repeat("x", 33*1024) + `"}`), false},
		"RSA-1024":              {jwks(publicJWK(rsaOf(1024), "1")), false},
		"RSA, exponent 1":       {jwks(rsaJWK(n, 1)), false},
		"RSA, exponent 3":       {jwks(rsaJWK(n, 3)), false},
		"RSA, even exponent":    {jwks(rsaJWK(n, 65538)), false},
		"RSA, even modulus":     {jwks(rsaJWK(new(big.Int).Add(n, big.NewInt(1)), 65537)), false},
		"off the curve":         {jwks(`{"kty":"EC","crv":"P-256","x":"` + coordinate + `","y":"` + coordinate + `"}`), false},
		"P-224":                 {jwks(`{"kty":"EC","crv":"P-224","x":"AA","y":"AA"}`), false},
		"private key":           {jwks(string(private)), false},
		"private RSA factor":    {jwks(strings.Replace(publicJWK(rsaOf(2048), "1"), "{", `{"p":"AA",`, 1)), false},
		"symmetric key":         {jwks(`{"kty":"oct","k":"c2VjcmV0"}`), false},
		"unknown type":          {jwks(`{"kty":"XYZ"}`), false},
		"one kid twice":         {jwks(same, same), false},
		"a null among the keys": {jwks(`null`), false},
	} {
		t.Run(name, func(t *testing.T) {
			m := valid(client.Web)
			m.JWKS = c.set
			faults := client.Faults(m.Validate())
			if c.ok {
				require.Empty(t, faults)
				return
			}
			require.Len(t, faults, 1)
			require.Equal(t, "jwks", faults[0].Field)
		})
	}
}
