package provider

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/storagetest"
)

// signWith signs claims, given as text or to be written as JSON.
func signWith(t testing.TB, key jose.SigningKey, options *jose.SignerOptions, claims any) string {
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

// RFC 9449 section 4.3: what a proof must be, one fault at a time.
func TestDPoPProofChecks(t *testing.T) {
	key := clientKeys()["EdDSA"]
	jwk := publicKey(key, "")
	said := map[string]any{"jti": "j", "htm": "POST", "htu": issuer + "/oauth2/token", "iat": noon.Unix()}
	// forge signs under a header of any content.
	forge := func(header map[string]any) string {
		return jwt(t, header, said, func(text string) []byte {
			signature, err := key.Sign(rand.Reader, []byte(text), signerOptions)
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
	require.Equal(t, thumbprint(t, "EdDSA"), jkt)
	_, _, err = readProof(forge(header("kid", "some", "jwk", members("use", "sig", "kid", "other"))))
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"empty": "", "blank": " ", "no JWT": "x", "two parts": good[:strings.LastIndex(good, ".")], "two proofs": good + ", " + good,
		"another type": forge(header("typ", "JWT")), "type in capitals": forge(header("typ", "DPOP+JWT")), "no type": forge(header("typ", nil)),
		"none": jwt(t, header("alg", "none"), said, nil), "HMAC": forge(header("alg", "HS256")), "another algorithm": forge(header("alg", "ES256")),
		"no key": forge(header("jwk", nil)), "private key": forge(header("jwk", members("d", "AA"))), "secret": forge(header("jwk", map[string]any{"kty": "oct", "k": "AA"})),
		"another key": forge(header("jwk", publicKey(clientKeys()["ES256"], ""))), "key for encryption": forge(header("jwk", members("use", "enc"))),
		"key for ES256": forge(header("jwk", members("alg", "ES256"))), "key in a list": forge(header("jwk", []any{jwk})), "two keys": forge(header("jwk", jwk, "JWK", "x", "jwk", []any{})),
		"crit": forge(header("crit", []string{"b64"}, "b64", true)), "unsigned": good[:strings.LastIndex(good, ".")+1], "longer": good + strings.Repeat("A", longestProof),
		"weak RSA": signProof(t, "RS256", weak, said), "claims in a list": signProof(t, "EdDSA", key, "[]"), "claim twice": signProof(t, "EdDSA", key, `{"jti":"a","jti":"b"}`),
	} {
		_, _, err := readProof(text)
		require.Equal(t, invalidDPoPProof, translate(err).Code, name)
	}
}

// RFC 9449 section 4.3, numbers 8 to 11, and section 8.
func TestDPoPProofIsForTheRequest(t *testing.T) {
	n := nonces{storagetest.Open(t)}
	fresh := n.at(noon)
	target := proofTarget{method: "POST", uri: issuer + "/oauth2/token"}
	strict := target
	strict.needsNonce = true
	for _, tc := range []struct {
		name, claims string
		target       proofTarget
		code         string
	}{
		{"right", `{"iat":0}`, target, ""},
		{"60 seconds old", `{"iat":-60}`, target, ""}, {"60 seconds ahead", `{"iat":60}`, target, ""},
		{"61 seconds old", `{"iat":-61}`, target, useDPoPNonce}, {"61 seconds ahead", `{"iat":61}`, target, useDPoPNonce},
		{"old with a nonce", `{"iat":-9999,"nonce":"` + fresh + `"}`, target, ""},
		{"the nonce before", `{"iat":0,"nonce":"` + n.at(noon.Add(-nonceLife)) + `"}`, strict, ""},
		{"the nonce before that", `{"iat":0,"nonce":"` + n.at(noon.Add(-2*nonceLife)) + `"}`, target, useDPoPNonce},
		{"another's nonce", `{"iat":0,"nonce":"` + (nonces{storagetest.Open(t)}).at(noon) + `"}`, target, useDPoPNonce},
		{"no nonce", `{"iat":0}`, strict, useDPoPNonce},
		{"no iat", `{"nonce":"` + fresh + `"}`, target, invalidDPoPProof},
		{"no jti", `{"iat":0,"jti":""}`, target, invalidDPoPProof},
		{"a long jti", `{"iat":0,"jti":"` + strings.Repeat("ä", 257) + `"}`, target, invalidDPoPProof},
		{"the longest jti", `{"iat":0,"jti":"` + strings.Repeat("ä", 256) + `"}`, target, ""},
		{"htm in lower case", `{"iat":0,"htm":"post"}`, target, invalidDPoPProof},
		{"no htm", `{"iat":0,"htm":""}`, target, invalidDPoPProof},
		{"no htu", `{"iat":0,"htu":""}`, target, invalidDPoPProof},
		{"a name in capitals", `{"iat":0,"htm":"","HTM":"POST"}`, target, invalidDPoPProof},
	} {
		claims := map[string]any{"jti": "j", "htm": "POST", "htu": issuer + "/oauth2/token"}
		require.NoError(t, json.Unmarshal([]byte(tc.claims), &claims), tc.name)
		if at, ok := claims["iat"].(float64); ok {
			claims["iat"] = noon.Unix() + int64(at)
		}
		read, _, err := readProof(signProof(t, "EdDSA", clientKeys()["EdDSA"], claims))
		require.NoError(t, err, tc.name)
		expires, err := checkProof(read, tc.target, n, noon)
		if tc.code == "" {
			require.NoError(t, err, tc.name)
			require.False(t, expires.Before(noon), tc.name)
			continue
		}
		require.Error(t, err, tc.name)
		require.Equal(t, tc.code, translate(err).Code, tc.name)
	}
}

// RFC 9449 section 4.3: htu is compared after the normalisation of RFC 3986 sections 6.2.2 and 6.2.3.
func TestDPoPAddressesAreNormalised(t *testing.T) {
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

// RFC 9449 section 4.3, number 1; and the Host of a request says nothing.
func TestDPoPHeader(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.code(w.web)
		form := params(nil, "grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
		one := proofOfKey(t, "ES256", "/oauth2/token")
		requireError(t, w.post("/oauth2/token", form, w.basic, func(r *http.Request) { r.Header["Dpop"] = []string{one, one} }), http.StatusBadRequest, invalidDPoPProof)
		requireError(t, w.post("/oauth2/token", form, w.basic, func(r *http.Request) { r.Header["Dpop"] = []string{""} }), http.StatusBadRequest, invalidDPoPProof)
		elsewhere := proofOfKey(t, "ES256", "/oauth2/token", "htu", "https://evil.example.test/oauth2/token")
		at := func(r *http.Request) { r.Host = "evil.example.test" }
		requireError(t, w.post("/oauth2/token", form, w.basic, at, showing(elsewhere)), http.StatusBadRequest, invalidDPoPProof)
		requireBound(t, w.post("/oauth2/token", form, w.basic, at, showing(one)))
	})
}

// RFC 9449 section 11.1: one proof, 50 uses, one of them is accepted, at whatever endpoint.
func TestRaceForADPoPProof(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		judge := newWorld(t, db.Open(t))
		service, secret := judge.register(client.Service, func(*client.Metadata) {})
		w := [2]*world{joinWorld(t, db.Open(t)), joinWorld(t, db.Open(t, storagetest.Delay(3*time.Millisecond)))}
		for _, other := range w {
			other.web, other.secret = judge.web, judge.secret
		}
		bound := requireBound(t, judge.exchange(judge.web, judge.code(judge.web), proofOfKey(t, "ES256", "/oauth2/token")))
		nonce := nonces{judge.store}.at(time.Now())
		for name, use := range map[string]func(proof string) func(*world, int) answer{
			"token": func(string) func(*world, int) answer {
				proof := proofOfKey(t, "ES256", "/oauth2/token")
				return func(w *world, _ int) answer {
					return w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, authorization(basicText(service.ID+":"+secret)), showing(proof))
				}
			},
			"par": func(string) func(*world, int) answer {
				proof := proofOfKey(t, "ES256", "/oauth2/par", "nonce", nonce)
				return func(w *world, _ int) answer {
					return w.post("/oauth2/par", w.request(judge.web), w.basic, showing(proof))
				}
			},
			"userinfo": func(jti string) func(*world, int) answer {
				return func(w *world, _ int) answer { return w.visitUserInfo("DPoP", bound, "ES256", "jti", jti) }
			},
		} {
			for range 5 {
				won := 0
				for _, a := range all(w, use(storage.NewID())) {
					if a.Code == http.StatusOK || a.Code == http.StatusCreated {
						won++
						continue
					}
					require.Equal(t, invalidDPoPProof, a.body["error"], a.Body.String())
				}
				require.Equal(t, 1, won, name)
			}
		}
	})
}

// A proof costs one statement; it is remembered for as long as it would be accepted, and a replica whose clock is behind a minute more.
func TestDPoPStatements(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		var counter storagetest.Counter
		var faults storagetest.Faults
		w := newWorld(t, db.Open(t, counter.Intercept, faults.Intercept))
		code := w.code(w.web, "scope", "openid offline_access")
		statements := func(budget int, a func() answer) answer {
			counter.Reset()
			got := a()
			require.Equal(t, budget, counter.Count(), counter.Texts())
			return got
		}
		statements(0, func() answer { return w.exchange(w.web, code, "x") })
		tokens := statements(3, func() answer { return w.exchange(w.web, code, proofOfKey(t, "ES256", "/oauth2/token")) })
		bound := requireBound(t, tokens)
		statements(2, func() answer { return w.visitUserInfo("DPoP", bound, "ES256") })
		statements(3, func() answer {
			return w.renew(w.web, tokens.body["refresh_token"], proofOfKey(t, "ES256", "/oauth2/token"))
		})
		for _, executed := range []bool{false, true} {
			faults.Fail(2, executed, io.ErrUnexpectedEOF)
			requireOutage(t, w.visitUserInfo("DPoP", bound, "ES256"))
		}
		require.Equal(t, http.StatusOK, w.visitUserInfo("DPoP", bound, "ES256", "jti", "last").Code)
		_, err := w.store.Sweep(t.Context(), time.Now().Add(proofWindow), 10)
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, w.visitUserInfo("DPoP", bound, "ES256", "jti", "last").Code)
	})
}
