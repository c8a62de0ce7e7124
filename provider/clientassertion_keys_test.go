package provider

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
)

func TestClientAssertionKeys(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		keys := jwttest.Keys()
		rsaKey, ecKey, edKey := keys["RS256"], keys["ES256"], keys["EdDSA"]
		_, stranger, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		wide, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		require.NoError(t, err)
		der, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
		require.NoError(t, err)
		public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})

		all := w.withKeys(nil, jwttest.Public(rsaKey, "rsa"), jwttest.Public(ecKey, "ec"), jwttest.Public(edKey, "ed"))
		narrow := w.withKeys(func(m *client.Metadata) { m.AuthSigningAlg = "PS256" }, jwttest.Public(rsaKey, "rsa"))
		encryption, bound := jwttest.Public(edKey, ""), jwttest.Public(rsaKey, "")
		encryption.Use, bound.Algorithm = "enc", "PS256"
		forOther := w.withKeys(nil, encryption, bound)
		p384 := w.withKeys(nil, jwttest.Public(wide, ""))
		many := make([]jose.JSONWebKey, 10)
		for i := range many {
			other, _, err := ed25519.GenerateKey(rand.Reader)
			require.NoError(t, err)
			many[i] = jose.JSONWebKey{Key: other, KeyID: strconv.Itoa(i)}
		}
		many[9] = jwttest.Public(edKey, "")
		ten := w.withKeys(nil, many...)
		disabled := w.withKeys(nil, jwttest.Public(edKey, ""))
		require.NoError(t, w.clients.Disable(t.Context(), disabled.ID, operator, time.Now()))

		sign := func(alg string, key any, kid string, c *client.Client) string {
			return jwttest.Sign(t, alg, key, kid, claimsOf(c.ID, time.Now()))
		}
		good := sign("EdDSA", edKey, "ed", all)
		parts := strings.Split(good, ".")
		for name, tc := range map[string]struct {
			assertion string
			want      bool
		}{
			"the key of the kid":            {sign("ES256", ecKey, "ec", all), true},
			"the last of ten, without kid":  {sign("EdDSA", edKey, "", ten), true},
			"the algorithm of the client":   {sign("PS256", rsaKey, "rsa", narrow), true},
			"the algorithm of the key":      {sign("PS256", rsaKey, "", forOther), true},
			"the kid of another key":        {sign("ES256", ecKey, "ed", all), false},
			"the kid of another type":       {sign("EdDSA", edKey, "rsa", all), false},
			"an unknown kid":                {sign("EdDSA", edKey, "x", all), false},
			"a kid, the key has none":       {sign("EdDSA", edKey, "x", ten), false},
			"a stranger's key":              {sign("EdDSA", stranger, "ed", all), false},
			"a stranger's key, without kid": {sign("EdDSA", stranger, "", all), false},
			"another than the client's alg": {sign("RS256", rsaKey, "rsa", narrow), false},
			"another than the key's alg":    {sign("RS256", rsaKey, "", forOther), false},
			"a key for encryption":          {sign("EdDSA", edKey, "", forOther), false},
			"a disabled client":             {sign("EdDSA", edKey, "", disabled), false},
			"ES384":                         {sign("ES384", wide, "", p384), false},
			"RS512":                         {sign("RS512", rsaKey, "rsa", all), false},
			"RS384":                         {sign("RS384", rsaKey, "rsa", all), false},
			"PS512":                         {sign("PS512", rsaKey, "rsa", all), false},
			"HS256 with the public key":     {sign("HS256", public, "rsa", all), false},
			"HS256 with the key's bytes":    {sign("HS256", der, "rsa", all), false},
			"none":                          {jwttest.Compact(t, map[string]any{"alg": "none"}, claimsOf(all.ID, time.Now()), nil), false},
			"no signature":                  {parts[0] + "." + parts[1] + ".", false},
			"the signature of another":      {parts[0] + "." + parts[1] + "." + strings.Split(sign("EdDSA", edKey, "ed", all), ".")[2], false},
			"two parts":                     {parts[0] + "." + parts[1], false},
			"four parts":                    {good + ".x", false},
			"the JSON form":                 {`{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`, false},
			"nothing":                       {".", false},
			"dots":                          {strings.Repeat(".", maxParameter), false},
		} {
			a := w.assert("/oauth2/introspect", tc.assertion)
			require.Equal(t, tc.want, passes(t, a), "%s: %s", name, a.Body.String())
		}
		require.True(t, passes(t, w.assert("/oauth2/introspect", good)), "the refused requests did not use the assertion up")
		require.NotContains(t, w.log.String(), good)
		require.False(t, passes(t, w.assert("/oauth2/introspect", sign("EdDSA", edKey, "ed", all), "client_id", narrow.ID)))
	})
}

// A key in the header of an assertion does not authenticate.
func TestClientAssertionWithItsOwnKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.withKeys(nil, jwttest.Public(jwttest.Keys()["EdDSA"], ""))
		_, stranger, err := ed25519.GenerateKey(rand.Reader)
		require.NoError(t, err)
		for _, options := range []*jose.SignerOptions{
			{EmbedJWK: true}, (&jose.SignerOptions{}).WithHeader("jku", "https://evil.example.test/jwks"), (&jose.SignerOptions{}).WithHeader("x5u", "https://evil.example.test"),
		} {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: stranger}, options)
			require.NoError(t, err)
			claims, err := json.Marshal(claimsOf(c.ID, time.Now()))
			require.NoError(t, err)
			signed, err := signer.Sign(claims)
			require.NoError(t, err)
			text, err := signed.CompactSerialize()
			require.NoError(t, err)
			require.False(t, passes(t, w.assert("/oauth2/token", text)))
		}
	})
}
