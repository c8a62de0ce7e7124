package clientauth

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
)

// An assertion is accepted only if the registered key has signed exactly this content, and only if its claims are right.
func FuzzAssertion(f *testing.F) {
	a := New(Config{Issuer: issuer})
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	set := &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1"}}}
	c := &client.Client{ID: "app", Keys: set}
	said := claimsOf(c.ID)
	issued := jwttest.Sign(f, "EdDSA", key, "k1", said)
	content := issued[:strings.LastIndex(issued, ".")]
	good, err := json.Marshal(said)
	require.NoError(f, err)
	header := `{"alg":"EdDSA","kid":"k1"}`
	f.Add(issued, header, string(good))
	f.Add("..", `{"alg":"none"}`, `{}`)
	f.Add(strings.Repeat(".", 20_000), `{"alg":"HS256"}`, `{"aud":[]}`)
	f.Add(issued+"\n", `{"alg":"EdDSA","crit":["b64"],"b64":false}`, string(good))
	f.Add(content+".", `{"alg":"EdDSA","kid":""}`, strings.Replace(string(good), `"exp"`, `"EXP"`, 1))
	f.Add(issued[1:], `{"alg":"EdDSA","jwk":{"kty":"OKP"}}`, strings.Replace(string(good), issuer, issuer+"/", 1))
	for _, variant := range jwttest.Variants(issued)[:50] {
		f.Add(variant, header, string(good))
	}
	encode := base64.RawURLEncoding.EncodeToString
	f.Fuzz(func(t *testing.T, text, header, claims string) {
		if given, ok := readAssertion(text); ok && a.assertionFault(c, given, noon) == nil {
			header, payload, _ := strings.Cut(text[:strings.LastIndex(text, ".")], ".")
			require.Equal(t, content, jwttest.Respelled(t, header)+"."+jwttest.Respelled(t, payload))
		}
		signed := encode([]byte(header)) + "." + encode([]byte(claims))
		signed += "." + encode(ed25519.Sign(key, []byte(signed)))
		given, ok := readAssertion(signed)
		if !ok || a.assertionFault(c, given, noon) != nil {
			return
		}
		var names, all map[string]any
		require.NoError(t, json.Unmarshal([]byte(header), &names))
		require.Equal(t, "EdDSA", names["alg"])
		require.Contains(t, []any{nil, "", "k1"}, names["kid"])
		require.NoError(t, json.Unmarshal([]byte(claims), &all))
		require.Equal(t, c.ID, all["iss"])
		require.Equal(t, c.ID, all["sub"])
		require.NotEmpty(t, all["jti"])
		audience, isList := all["aud"].([]any)
		if !isList {
			audience = []any{all["aud"]}
		}
		require.NotEmpty(t, audience)
		require.Subset(t, []any{issuer, issuer + "/oauth2/token"}, audience)
		require.InDelta(t, noon.Add(5*time.Minute).Unix(), all["exp"], 5*60+11)
	})
}
