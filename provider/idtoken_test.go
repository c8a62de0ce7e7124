package provider

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// verified checks a token with the published keys alone, as a relying party does, and returns its header and claims.
func (w *world) verified(token any, alg jose.SignatureAlgorithm) (jose.Header, map[string]any) {
	w.t.Helper()
	parsed, err := jose.ParseSignedCompact(token.(string), []jose.SignatureAlgorithm{alg})
	require.NoError(w.t, err)
	header := parsed.Signatures[0].Protected
	set := w.keySet()
	keys := set.Key(header.KeyID)
	require.Len(w.t, keys, 1)
	require.Equal(w.t, string(alg), keys[0].Algorithm)
	payload, err := parsed.Verify(keys[0])
	require.NoError(w.t, err)
	var claims map[string]any
	require.NoError(w.t, json.Unmarshal(payload, &claims))
	return header, claims
}

func TestIDTokenAlgorithms(t *testing.T) {
	half := func(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) }
	sha2 := func(token string) string { sum := sha256.Sum256([]byte(token)); return half(sum[:]) }
	each(t, func(t *testing.T, w *world) {
		for alg, hash := range map[jose.SignatureAlgorithm]func(string) string{
			jose.RS256: sha2, jose.PS256: sha2, jose.ES256: sha2,
			jose.EdDSA: func(token string) string { sum := sha512.Sum512([]byte(token)); return half(sum[:]) },
		} {
			w.change(w.web, func(m *client.Metadata) { m.IDTokenAlg = string(alg) })
			tokens := w.redeem(w.code(w.web))
			header, claims := w.verified(tokens.body["id_token"], alg)
			require.Equal(t, "JWT", header.ExtraHeaders[jose.HeaderType])
			require.Equal(t, hash(requireTokens(t, tokens)), claims["at_hash"], alg)
			require.Equal(t, w.web.ID, claims["aud"])
		}
	})
}

func TestIDTokenClaims(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tokens := w.redeem(w.code(w.web, "scope", "openid profile email address phone groups"))
		header, claims := w.verified(tokens.body["id_token"], jose.ES256)
		require.Equal(t, map[jose.HeaderKey]any{jose.HeaderType: "JWT"}, header.ExtraHeaders)
		require.ElementsMatch(t, []string{"iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"}, keysOf(claims))
		require.Equal(t, issuer, claims["iss"])
		require.Equal(t, w.user.ID, claims["sub"])
		require.Equal(t, "the nonce", claims["nonce"])
		require.Equal(t, token.ACRMFA, claims["acr"])
		require.InDelta(t, time.Now().Unix(), claims["iat"], 2)
		require.InDelta(t, claims["iat"].(float64)+3600, claims["exp"], 0)

		tokens = w.redeem(w.code(w.web, "nonce", ""))
		_, claims = w.verified(tokens.body["id_token"], jose.ES256)
		require.NotContains(t, claims, "nonce")
	})
}

func TestAuthTimeIsThatOfTheSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		signedIn := time.Now().Add(-5 * time.Second)
		w.signIn(signedIn)
		for _, pairs := range [][]string{{}, {"max_age", "10000"}, {"max_age", "9999999999"}, {"prompt", "none"}} {
			tokens := w.redeem(w.code(w.web, append(pairs, "scope", "openid offline_access")...))
			require.InDelta(t, signedIn.Unix(), w.idToken(tokens.body["id_token"])["auth_time"], 0)
			again := w.refresh(refreshTokenOf(tokens))
			require.InDelta(t, signedIn.Unix(), w.idToken(again.body["id_token"])["auth_time"], 0)
		}
	})
}

func TestACR(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, tc := range map[string]struct {
			pairs []string
			want  string
		}{
			"not asked for":              {nil, token.ACRMFA},
			"by its name":                {[]string{"acr_values", token.ACRMFA}, token.ACRMFA},
			"by the name of REFEDS":      {[]string{"acr_values", token.ACRREFED}, token.ACRREFED},
			"the first that is known":    {[]string{"acr_values", "urn:other " + token.ACRREFED + " " + token.ACRMFA}, token.ACRREFED},
			"unknown":                    {[]string{"acr_values", "0 1 urn:other"}, token.ACRMFA},
			"by claims":                  {[]string{"claims", `{"id_token":{"acr":{"values":["x","` + token.ACRREFED + `"]}}}`}, token.ACRREFED},
			"by claims, essential":       {[]string{"claims", `{"id_token":{"acr":{"essential":true,"value":"` + token.ACRREFED + `"}}}`}, token.ACRREFED},
			"by claims, unknown":         {[]string{"claims", `{"id_token":{"acr":{"values":["x"]}}}`}, token.ACRMFA},
			"by claims, any, essential":  {[]string{"claims", `{"id_token":{"acr":{"essential":true}}}`}, token.ACRMFA},
			"by claims, without a value": {[]string{"claims", `{"id_token":{"acr":null}}`}, token.ACRMFA},
		} {
			tokens := w.redeem(w.code(w.web, tc.pairs...))
			require.Equal(t, tc.want, w.idToken(tokens.body["id_token"])["acr"], name)
		}
		a := w.authorize(w.request(w.web, "claims", `{"id_token":{"acr":{"essential":true,"values":["x","y"]}}}`))
		requireRefusal(t, a, callback, unmetRequirements)
	})
}

// RFC 9068: a resource server can check a JWT access token with the published keys alone.
func TestJWTAccessToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) {
			m.AccessTokenFormat, m.IDTokenAlg, m.Audience = client.TokenJWT, "RS256", []string{"https://api.example.test", issuer}
		})
		tokens := w.redeem(w.code(w.web, "scope", "openid email", "claims", `{"userinfo":{"name":null}}`))
		access := requireTokens(t, tokens)
		header, claims := w.verified(access, jose.RS256)
		require.Equal(t, "at+jwt", header.ExtraHeaders[jose.HeaderType])
		require.Equal(t, issuer, claims["iss"])
		require.Equal(t, w.user.ID, claims["sub"])
		require.Equal(t, []any{"https://api.example.test", issuer}, claims["aud"])
		require.Equal(t, w.web.ID, claims["client_id"])
		require.Equal(t, "openid email", claims["scope"])
		require.InDelta(t, claims["iat"].(float64)+600, claims["exp"], 0)
		require.NotEmpty(t, claims["jti"])
		require.NotContains(t, claims, "email")
		require.NotContains(t, claims, "sid")

		require.Equal(t, "Ada Example", w.userinfo(access).body["name"])
		require.Equal(t, true, w.introspect(access)["active"])
		require.Equal(t, http.StatusOK, w.revoke(access).Code)
		requireError(t, w.userinfo(access), http.StatusUnauthorized, invalidToken)
		require.Equal(t, map[string]any{"active": false}, w.introspect(access))

		access = requireTokens(t, w.redeem(w.code(w.web)))
		_, claims = w.verified(access, jose.RS256)
		require.NotContains(t, claims, "userinfo_claims")
		require.NoError(t, w.store.Users.RaiseEpoch(t.Context(), w.user.ID, time.Now()))
		requireError(t, w.userinfo(access), http.StatusUnauthorized, invalidToken)
	})
}

func TestJWTAccessTokenOfAService(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		service, secret := w.register(client.Service, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenJWT })
		asService := authorization(basicText(service.ID + ":" + secret))
		access := requireTokens(t, w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, asService))
		_, claims := w.verified(access, jose.RS256)
		require.Equal(t, service.ID, claims["sub"])
		require.Equal(t, []any{issuer}, claims["aud"])
		require.NotContains(t, claims, "auth_time")
		form := url.Values{"token": {access}}
		require.Equal(t, true, w.post("/oauth2/introspect", form, asService).body["active"])
		require.Equal(t, http.StatusOK, w.post("/oauth2/revoke", form, asService).Code)
		require.Equal(t, map[string]any{"active": false}, w.post("/oauth2/introspect", form, asService).body)
	})
}

// A broken record affects only its own grant.
func TestBrokenGrant(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := "pst_ac_broken"
		g := storage.Grant{
			ID: storage.NewID(), UserID: w.user.ID, ClientID: w.web.ID, SID: "s", Epoch: w.user.Epoch, Access: storage.Access{Scopes: storage.Strings{"openid"}},
			Detail: storage.JSON(`{"redirect_uri":7`), AuthTime: storage.At(time.Now()), CreatedAt: storage.At(time.Now()), CodeHash: storage.Hash(code),
			CodeExpiresAt: storage.At(time.Now().Add(time.Minute)), ExpiresAt: storage.At(time.Now().Add(time.Hour)),
		}
		require.NoError(t, w.store.Grants.Issue(t.Context(), g, ""))
		requireError(t, w.redeem(code), http.StatusInternalServerError, serverError)
		requireTokens(t, w.redeem(w.code(w.web)))
	})
}
