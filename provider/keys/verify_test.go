package keys_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestSignedTokensVerify(t *testing.T) {
	r := loadedRing(t, storagetest.Open(t))
	jwks := published(t, r, now)
	for _, alg := range allAlgs {
		t.Run(alg, func(t *testing.T) {
			token := sign(t, r, alg, now)
			payload, header, err := r.Verify(token, []string{alg}, now)
			require.NoError(t, err)
			require.JSONEq(t, `{"sub":"ada"}`, string(payload))
			require.Equal(t, keys.Header{KeyID: kidOf(t, token), Algorithm: alg, Type: "JWT"}, header)

			// Verify as a client does: with the published key of that kid, whose alg must be the token's.
			found := jwks.Key(header.KeyID)
			require.Len(t, found, 1)
			require.Equal(t, alg, found[0].Algorithm)
			parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
			require.NoError(t, err)
			_, err = parsed.Verify(found[0])
			require.NoError(t, err)
		})
	}
}

// encode builds a compact JWS by hand.
func encode(header any, payload, signature string) string {
	text, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return b64(text) + "." + b64([]byte(payload)) + "." + b64([]byte(signature))
}

// privateOf returns the private part of a stored key.
func privateOf(t *testing.T, s *storage.Store, kid string) any {
	t.Helper()
	rows, err := s.Keys.List(t.Context())
	require.NoError(t, err)
	for _, row := range rows {
		if row.ID == kid {
			private, err := x509.ParsePKCS8PrivateKey(row.Private)
			require.NoError(t, err)
			return private
		}
	}
	require.Fail(t, "no such key", kid)
	return nil
}

func TestVerifyRefuses(t *testing.T) {
	var counter storagetest.Counter
	s := storagetest.SQLite(t).Open(t, counter.Intercept)
	r := loadedRing(t, s)
	rs256, es256, edDSA := sign(t, r, "RS256", now), sign(t, r, "ES256", now), sign(t, r, "EdDSA", now)
	parts := strings.Split(rs256, ".")
	_, foreign, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	signedBy := func(key any, alg jose.SignatureAlgorithm, kid string) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
		require.NoError(t, err)
		signed, err := signer.Sign([]byte(`{"sub":"admin"}`))
		require.NoError(t, err)
		text, err := signed.CompactSerialize()
		require.NoError(t, err)
		return text
	}
	jwks := published(t, r, now)
	publicRSA, err := json.Marshal(jwks.Key(kidOf(t, rs256))[0])
	require.NoError(t, err)
	ourRSA := privateOf(t, s, kidOf(t, rs256))
	kid := func(token string) map[string]any { return map[string]any{"kid": kidOf(t, token)} }
	with := func(header map[string]any, name string, value any) map[string]any {
		header[name] = value
		return header
	}

	counter.Reset()
	for name, c := range map[string]struct {
		token string
		algs  []string
		want  error
	}{
		"nothing":                          {"", allAlgs, keys.ErrToken},
		"no list of algorithms":            {rs256, nil, keys.ErrToken},
		"algorithm not asked for":          {rs256, []string{"ES256"}, keys.ErrToken},
		"algorithm none asked for":         {encode(with(kid(rs256), "alg", "none"), "{}", ""), []string{"none"}, keys.ErrToken},
		"algorithm none":                   {encode(with(kid(rs256), "alg", "none"), "{}", ""), allAlgs, keys.ErrToken},
		"HMAC keyed by the public key":     {signedBy(publicRSA, jose.HS256, kidOf(t, rs256)), append([]string{"HS256"}, allAlgs...), keys.ErrToken},
		"algorithm of another key":         {encode(with(kid(es256), "alg", "RS256"), `{}`, "x"), allAlgs, keys.ErrToken},
		"our key with a sibling algorithm": {signedBy(ourRSA, jose.PS256, kidOf(t, rs256)), allAlgs, keys.ErrToken},
		"foreign key under our kid":        {signedBy(foreign, jose.EdDSA, kidOf(t, edDSA)), allAlgs, keys.ErrToken},
		"foreign key":                      {signedBy(foreign, jose.EdDSA, "foreign"), allAlgs, keys.ErrUnknownKey},
		"no kid":                           {signedBy(foreign, jose.EdDSA, ""), allAlgs, keys.ErrUnknownKey},
		"kid that is a path":               {signedBy(foreign, jose.EdDSA, "../../etc/passwd"), allAlgs, keys.ErrUnknownKey},
		"kid that is SQL":                  {signedBy(foreign, jose.EdDSA, "' OR 1=1 --"), allAlgs, keys.ErrUnknownKey},
		"kid of 10 kB":                     {signedBy(foreign, jose.EdDSA, strings.Repeat("k", 7000)), allAlgs, keys.ErrUnknownKey},
		"other payload":                    {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"eve"}`)) + "." + parts[2], allAlgs, keys.ErrToken},
		"signature of another token":       {parts[0] + "." + parts[1] + "." + strings.Split(es256, ".")[2], allAlgs, keys.ErrToken},
		"no signature":                     {parts[0] + "." + parts[1] + ".", allAlgs, keys.ErrToken},
		"two signatures":                   {`{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"},{}]}`, allAlgs, keys.ErrToken},
		"JSON form":                        {`{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, allAlgs, keys.ErrToken},
		"five parts, as an encrypted one":  {rs256 + ".a.b", allAlgs, keys.ErrToken},
		"padding":                          {rs256 + "==", allAlgs, keys.ErrToken},
		"blank":                            {rs256 + " ", allAlgs, keys.ErrToken},
		"line break":                       {parts[0] + "." + parts[1] + ".\n" + parts[2], allAlgs, keys.ErrToken},
		"a megabyte of dots":               {strings.Repeat(".", 1<<20), allAlgs, keys.ErrToken},
		"more than 16 KiB":                 {parts[0] + "." + strings.Repeat("A", 16*1024) + "." + parts[2], allAlgs, keys.ErrToken},
	} {
		t.Run(name, func(t *testing.T) {
			payload, header, err := r.Verify(c.token, c.algs, now)
			require.ErrorIs(t, err, c.want)
			require.Nil(t, payload)
			require.Zero(t, header)
		})
	}
	require.Zero(t, counter.Count(), "a token caused a query")
}

// FuzzVerify checks that a token that verifies is, byte for byte, one that was signed.
func FuzzVerify(f *testing.F) {
	r := loadedRing(f, storagetest.Open(f))
	signed := map[string]bool{}
	for _, alg := range allAlgs {
		token := sign(f, r, alg, now)
		signed[token] = true
		f.Add(token)
		f.Add(token[:len(token)-1] + "A")
		f.Add(token + "=")
	}
	f.Add("..")
	f.Add(encode(map[string]string{"alg": "none"}, "{}", ""))
	f.Fuzz(func(t *testing.T, token string) {
		if _, _, err := r.Verify(token, allAlgs, now); err == nil && !signed[token] {
			t.Errorf("%q verifies and was not signed", token)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	r := loadedRing(b, storagetest.Open(b))
	for _, alg := range allAlgs {
		b.Run(alg, func(b *testing.B) {
			for b.Loop() {
				sign(b, r, alg, now)
			}
		})
	}
}
