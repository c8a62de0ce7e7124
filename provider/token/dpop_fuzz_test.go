package token

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage/storagetest"
)

// A proof is accepted only if the key in its header has signed exactly this content, and only if it is for the request.
func FuzzDPoPProof(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	proofs := NewProofs(issuer, storagetest.Open(f))
	want := target{method: http.MethodPost, uri: issuer + "/oauth2/token", token: "the token"}
	said := map[string]any{"jti": "j", "htm": "POST", "htu": want.uri, "iat": noon.Unix(), "ath": hashOf(want.token)}
	issued := jwttest.SignProof(f, "EdDSA", key, said)
	good, err := json.Marshal(said)
	require.NoError(f, err)
	public, err := json.Marshal(jose.JSONWebKey{Key: key.Public()})
	require.NoError(f, err)
	header := `{"typ":"dpop+jwt","alg":"EdDSA","jwk":` + string(public) + `}`
	f.Add(issued, header, string(good))
	f.Add("..", `{"alg":"none"}`, `{}`)
	f.Add(strings.Repeat(".", 20_000), strings.Replace(header, "dpop+jwt", "JWT", 1), `{"iat":[]}`)
	f.Add(issued+"\n", strings.Replace(header, `"typ"`, `"crit":["b64"],"b64":false,"typ"`, 1), string(good))
	f.Add(issued+".", strings.Replace(header, `"kty"`, `"d":"AA","kty"`, 1), strings.Replace(string(good), `"htm"`, `"HTM"`, 1))
	f.Add(issued[1:], strings.Replace(header, `"jwk"`, `"JWK"`, 1), strings.Replace(string(good), "/oauth2", "/%6fauth2/../oauth2", 1))
	f.Add(issued+","+issued, header, `{"nonce":"`+proofs.Nonce(noon)+`",`+string(good)[1:])
	for _, variant := range jwttest.Variants(issued)[:50] {
		f.Add(variant, header, string(good))
	}
	encode := base64.RawURLEncoding.EncodeToString
	f.Fuzz(func(t *testing.T, text, header, claims string) {
		r := &http.Request{Header: http.Header{"Dpop": {text}}}
		if shown, err := proofs.of(r, want, noon); err == nil {
			head, payload, _ := strings.Cut(text[:strings.LastIndex(text, ".")], ".")
			require.Equal(t, issued[:strings.LastIndex(issued, ".")], jwttest.Respelled(t, head)+"."+jwttest.Respelled(t, payload))
			require.Equal(t, "j", shown.jti)
		}
		signed := encode([]byte(header)) + "." + encode([]byte(claims))
		r.Header.Set("DPoP", signed+"."+encode(ed25519.Sign(key, []byte(signed))))
		shown, err := proofs.of(r, want, noon)
		if err != nil {
			require.Equal(t, http.StatusBadRequest, oauth.RefusalOf(err).Status)
			return
		}
		var names, all map[string]any
		require.NoError(t, json.Unmarshal([]byte(header), &names))
		require.Equal(t, "dpop+jwt", names["typ"])
		require.Equal(t, "EdDSA", names["alg"])
		require.NotContains(t, names["jwk"], "d")
		require.NoError(t, json.Unmarshal([]byte(claims), &all))
		require.Equal(t, http.MethodPost, all["htm"])
		require.Equal(t, hashOf(want.token), all["ath"])
		require.NotEmpty(t, shown.jti)
		require.False(t, shown.expires.Before(noon))
		same, ok := normalURI(all["htu"].(string))
		require.True(t, ok)
		require.Equal(t, want.uri, same)
		if all["nonce"] == nil || all["nonce"] == "" {
			require.InDelta(t, noon.Unix(), all["iat"], 61)
		}
	})
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
