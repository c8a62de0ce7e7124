package authorize

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
)

const issuer = "https://id.example.test"

// A request object is accepted only if the client made it for this request and this server, and it sets only parameters of an authorization request.
func FuzzRequestObject(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	e := New(Config{Issuer: issuer, Auth: clientauth.New(clientauth.Config{Issuer: issuer})})
	set := &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwttest.Public(key, "")}}
	byAlg := map[string]*client.Client{}
	for _, alg := range []string{"EdDSA", client.AlgNone} {
		byAlg[alg] = &client.Client{ID: "asks-" + alg, Keys: set, Metadata: client.Metadata{RequestObjectAlg: alg}}
	}
	inside := `{"iss":"asks-EdDSA","aud":["` + issuer + `"],"client_id":"asks-EdDSA","response_type":"code","scope":"openid","state":"inside"}`
	issued := jwttest.SignWith(f, jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, nil, inside)
	header := `{"alg":"EdDSA"}`
	f.Add(issued, header, inside)
	f.Add("..", `{"alg":"none"}`, `{}`)
	f.Add(strings.Repeat(".", 20_000), `{"alg":"EdDSA","typ":"oauth-authz-req+jwt"}`, `{"max_age":1e3,"claims":{"userinfo":null}}`)
	f.Add(issued+"\n", `{"alg":"EdDSA","crit":["b64"],"b64":false}`, `{"scope":"openid","scope":"email"}`)
	f.Add(issued[1:], `{"ALG":"EdDSA","alg":"none"}`, `{"sub":"asks-EdDSA","exp":`+"9"+`}`)
	f.Add(jwttest.Unsigned([]byte(inside)), `{"alg":"EdDSA","typ":"at+jwt"}`, `{"request":"x","client_secret":"x","flow":"x","aud":"https://other.example"}`)
	f.Add(jwttest.Unsigned([]byte(`{"redirect_uri":"https://evil.example/","iat":-1e400}`)), header, `{"nbf":99999999999999999999,"nonce":"\u0000"}`)
	for _, variant := range jwttest.Variants(issued)[:50] {
		f.Add(variant, header, inside)
	}
	encode := base64.RawURLEncoding.EncodeToString
	f.Fuzz(func(t *testing.T, text, header, claims string) {
		signedText := encode([]byte(header)) + "." + encode([]byte(claims))
		for _, try := range []struct{ alg, object string }{
			{"EdDSA", text}, {"EdDSA", signedText + "." + encode(ed25519.Sign(key, []byte(signedText)))}, {client.AlgNone, text},
			{client.AlgNone, signedText + "."},
		} {
			c := byAlg[try.alg]
			front := url.Values{"client_id": {c.ID}, "response_type": {"code"}, "state": {"outside"}, "request": {try.object}}
			form, err := e.openRequest(t.Context(), c, front, try.object, noon)
			if err != nil {
				refused := new(oauth.Refusal)
				require.True(t, errors.As(err, &refused), "%v", err)
				require.Equal(t, http.StatusBadRequest, refused.Status)
				// The error is sent as the parameters say: those in an object that the client made, otherwise those beside it.
				if form.Has("request") {
					require.Equal(t, front, form)
				} else {
					requireParameters(t, try.object, form)
				}
				require.Equal(t, c.ID, form.Get("client_id"))
				continue
			}
			if try.object == "" {
				require.Equal(t, front, form)
				continue
			}
			requireObject(t, c, try.object, form)
			if try.alg == "EdDSA" && try.object == text { // and so not one that was signed here
				parts := strings.Split(text, ".")
				require.Equal(t, issued[:strings.LastIndex(issued, ".")], jwttest.Respelled(t, parts[0])+"."+jwttest.Respelled(t, parts[1]))
			}
		}
	})
}

// requireObject checks that the claims of an accepted object are right, and that form has its parameters.
func requireObject(t *testing.T, c *client.Client, object string, form url.Values) {
	t.Helper()
	parts := strings.Split(object, ".")
	require.Len(t, parts, 3)
	require.Equal(t, c.RequestObjectAlg == client.AlgNone, parts[2] == "")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var said map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(payload)))
	decoder.UseNumber() // 1e400 does not fit a float64
	require.NoError(t, decoder.Decode(&said))
	for name, want := range map[string]string{"iss": c.ID, "client_id": c.ID, "response_type": "code"} {
		if value, sent := said[name]; sent {
			require.Equal(t, want, value, name)
		}
	}
	require.NotEqual(t, c.ID, said["sub"])
	switch audience := said["aud"].(type) {
	case nil:
		require.NotContains(t, said, "aud")
	case string:
		require.Equal(t, issuer, audience)
	default:
		require.Contains(t, audience, issuer)
	}
	requireParameters(t, object, form)
}

// requireParameters checks that form has the known parameters of an object, each once, and neither the object nor a reference to one.
func requireParameters(t *testing.T, object string, form url.Values) {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(object, ".")[1])
	require.NoError(t, err)
	var said map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(payload)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&said))
	for _, name := range slices.Collect(maps.Keys(form)) {
		require.NotContains(t, []string{"request", "request_uri"}, name)
		require.Len(t, form[name], 1, name)
		require.True(t, name == "client_id" || slices.Contains(frozenParameters, name), name)
	}
	if state, ok := said["state"].(string); ok && !strings.ContainsRune(state, 0) && len(state) <= oauth.LongestParameter {
		require.Equal(t, state, form.Get("state"))
	}
}
