package provider

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/storage/storagetest"
)

// keySet returns the JWK Set that clients fetch.
func (w *world) keySet() jose.JSONWebKeySet {
	w.t.Helper()
	var set jose.JSONWebKeySet
	require.NoError(w.t, json.Unmarshal(w.get("/.well-known/jwks.json").Body.Bytes(), &set))
	return set
}

// forgeries returns tokens that look like one of ours but are not.
func (w *world) forgeries(genuine string) map[string]string {
	w.t.Helper()
	header, claims := jwttest.TakeApart(w.t, genuine)
	with := func(base map[string]any, name string, value any) map[string]any {
		changed := maps.Clone(base)
		changed[name] = value
		return changed
	}
	keep := strings.Split(genuine, ".")
	forged := map[string]string{
		"alg none":              jwttest.Compact(w.t, with(header, "alg", "none"), claims, nil),
		"alg None":              jwttest.Compact(w.t, with(header, "alg", "None"), claims, nil),
		"no alg":                jwttest.Compact(w.t, map[string]any{"typ": "JWT"}, claims, nil),
		"unsigned":              keep[0] + "." + keep[1] + ".",
		"two parts":             keep[0] + "." + keep[1],
		"four parts":            genuine + ".x",
		"another's signature":   keep[0] + "." + keep[1] + "." + strings.Split(w.offline()["id_token"].(string), ".")[2],
		"1 MB of dots":          strings.Repeat(".", 1<<20),
		"10,000 segments":       strings.Repeat("a.", 10_000),
		"not base64":            "!!!." + keep[1] + "." + keep[2],
		"padded":                genuine + "=",
		"line break in between": genuine[:20] + "\n" + genuine[20:],
	}
	for _, kid := range []string{"../../etc/passwd", "' OR 1=1 --", "http://169.254.169.254/", strings.Repeat("k", 5000), ""} {
		forged["kid "+kid[:min(len(kid), 10)]] = jwttest.Compact(w.t, with(header, "kid", kid), claims, func(string) []byte { return []byte("x") })
	}
	forged["jku"] = jwttest.Compact(w.t, with(with(header, "jku", "http://169.254.169.254/"), "kid", "x"), claims, func(string) []byte { return []byte("x") })
	forged["another subject"] = keep[0] + "." + strings.Split(jwttest.Compact(w.t, header, with(claims, "sub", "other"), nil), ".")[1] + "." + keep[2]

	own, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(w.t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: own}, new(jose.SignerOptions).WithType("JWT").WithHeader("kid", header["kid"]))
	require.NoError(w.t, err)
	embedded, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: own}, &jose.SignerOptions{EmbedJWK: true})
	require.NoError(w.t, err)
	text, err := json.Marshal(claims)
	require.NoError(w.t, err)
	for name, signer := range map[string]jose.Signer{"a key of their own": signer, "a key in the header": embedded} {
		signed, err := signer.Sign(text)
		require.NoError(w.t, err)
		forged[name], err = signed.CompactSerialize()
		require.NoError(w.t, err)
	}
	for _, key := range w.keySet().Keys { // HMAC, with the public key as the secret
		der, err := x509.MarshalPKIXPublicKey(key.Key)
		require.NoError(w.t, err)
		jwk, err := key.MarshalJSON()
		require.NoError(w.t, err)
		for form, secret := range map[string][]byte{"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWK": jwk} {
			forged["HS256 by "+key.Algorithm+" as "+form] = jwttest.Compact(w.t, map[string]any{"alg": "HS256", "typ": "JWT", "kid": key.KeyID}, claims, func(signed string) []byte {
				mac := hmac.New(sha256.New, secret)
				mac.Write([]byte(signed))
				return mac.Sum(nil)
			})
		}
	}
	return forged
}

func TestForgedTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) { m.IDTokenAlg, m.AccessTokenFormat = "RS256", client.TokenJWT })
		tokens := w.offline()
		for name, token := range w.forgeries(tokens["id_token"].(string)) {
			a := w.authorize(w.request(w.web, "prompt", "none", "id_token_hint", token))
			if len(token) > maxBody {
				requirePage(t, a, http.StatusRequestURITooLong, "too large")
			} else {
				requireRefusal(t, a, callback, invalidRequest)
			}
			requireError(t, w.userinfo(token), http.StatusUnauthorized, invalidToken)
			require.NotContains(t, w.log.String(), "etc/passwd", name)
		}
		for name, token := range w.forgeries(tokens["access_token"].(string)) {
			requireError(t, w.userinfo(token), http.StatusUnauthorized, invalidToken)
			if len(token) < maxParameter {
				require.Equal(t, map[string]any{"active": false}, w.introspect(token), name)
			}
		}
		require.Equal(t, http.StatusOK, w.userinfo(tokens["access_token"].(string)).Code)
	})
}

// Tokens that were made for another purpose are no hints, even if the same keys have signed them.
func TestHintIsAnIDTokenForThisClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenJWT })
		tokens := w.offline()
		other := w.at(client.SPA, callback)
		sign := func(typ string, claims map[string]any) string {
			text, err := json.Marshal(claims)
			require.NoError(t, err)
			token, err := w.keys.Sign("ES256", typ, text, time.Now())
			require.NoError(t, err)
			return token
		}
		claims := map[string]any{"iss": issuer, "sub": w.user.ID, "aud": w.web.ID}
		for name, hint := range map[string]string{
			"an access token":           tokens["access_token"].(string),
			"a refresh token":           tokens["refresh_token"].(string),
			"for another client":        w.asPublic(other, w.code(other)).body["id_token"].(string),
			"of another issuer":         sign("JWT", map[string]any{"iss": "https://evil.example.test", "sub": w.user.ID, "aud": w.web.ID}),
			"of nobody":                 sign("JWT", map[string]any{"iss": issuer, "aud": w.web.ID}),
			"for several":               sign("JWT", map[string]any{"iss": issuer, "sub": w.user.ID, "aud": []string{w.web.ID, other.ID}}),
			"for nobody":                sign("JWT", map[string]any{"iss": issuer, "sub": w.user.ID}),
			"a logout token":            sign("logout+jwt", claims),
			"something else":            sign("secevent+jwt", claims),
			"no type":                   sign("", claims),
			"no object":                 signed(t, w, `[]`),
			"too long to be looked at":  strings.Repeat("x", maxParameter),
			"a nested one":              sign("JWT", map[string]any{"iss": issuer, "aud": w.web.ID, "sub": map[string]any{"sub": w.user.ID}}),
			"an ID token with a suffix": tokens["id_token"].(string) + "A",
		} {
			a := w.authorize(w.request(w.web, "prompt", "none", "id_token_hint", hint))
			requireRefusal(t, a, callback, invalidRequest)
			require.Contains(t, a.query.Get("error_description"), "id_token_hint", name)
		}
		require.NotEmpty(t, w.code(w.web, "prompt", "none", "id_token_hint", tokens["id_token"].(string)))
		require.NotEmpty(t, w.code(w.web, "prompt", "none", "id_token_hint", sign("JWT", map[string]any{
			"iss": issuer, "sub": w.user.ID, "aud": w.web.ID, "exp": time.Now().Add(-time.Hour).Unix(),
		})), "an expired ID token is accepted")
	})
}

func signed(t *testing.T, w *world, text string) string {
	t.Helper()
	token, err := w.keys.Sign("ES256", "JWT", []byte(text), time.Now())
	require.NoError(t, err)
	return token
}

func TestHintOfAnotherUser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hint := w.offline()["id_token"].(string)
		ada := w.user
		w.user = storagetest.User(t, w.store)
		w.signIn(time.Now())
		for _, asked := range [][]string{
			{"id_token_hint", hint}, {"claims", `{"id_token":{"sub":{"value":"` + ada.ID + `"}}}`}, {"claims", `{"userinfo":{"sub":{"value":"` + ada.ID + `"}}}`},
		} {
			requireRefusal(t, w.authorize(w.request(w.web, append(asked, "prompt", "none")...)), callback, loginRequired)
			a := w.authorize(w.request(w.web, asked...))
			require.True(t, strings.HasPrefix(a.location.String(), issuer+"/login?"), a.location.String())
		}
		both := w.request(w.web, "id_token_hint", hint, "claims", `{"id_token":{"sub":{"value":"`+w.user.ID+`"}}}`)
		requireRefusal(t, w.authorize(both), callback, invalidRequest)
		w.user = ada
		w.signIn(time.Now())
		require.NotEmpty(t, w.code(w.web, "prompt", "none", "id_token_hint", hint, "claims", `{"id_token":{"sub":{"value":"`+ada.ID+`"}}}`))
	})
}

func TestHintAfterTheKeyWasRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hint := w.offline()["id_token"].(string)
		header, _ := jwttest.TakeApart(t, hint)
		_, err := w.keys.Rotate(t.Context(), "ES256", true, operator, time.Now())
		require.NoError(t, err)
		require.NotEmpty(t, w.code(w.web, "id_token_hint", hint), "the key is still published")
		_, err = w.keys.Retire(t.Context(), header["kid"].(string), operator, time.Now())
		require.NoError(t, err)
		requireRefusal(t, w.authorize(w.request(w.web, "id_token_hint", hint)), callback, invalidRequest)
	})
}
