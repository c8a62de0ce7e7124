package provider

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// everyJWTType lists types of JWTs in this and related protocols, and values that are no types.
var everyJWTType = []any{
	nil, "", "JWT", "jwt", "application/jwt", accessTokenType, "application/at+jwt", token.TypeRequestObject, "application/oauth-authz-req+jwt", dpopProofType,
	logoutTokenType, "application/logout+jwt", token.TypeClientAssertion, userInfoType, "secevent+jwt", "token-introspection+jwt", "vp+sd-jwt", "at+jwt ", "AT+JWT",
	"application/", "x/jwt", "JOSE", 7, []string{"JWT"}, map[string]any{"typ": "JWT"}, true,
}

// A JWT of one kind never passes for another, even if the signature and all claims are right (RFC 8725 section 3.11).
func TestOneKindOfJWTNeverPassesForAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := jwttest.Keys()["ES256"]
		c := w.asks(func(m *client.Metadata) {
			m.AuthMethod, m.RequestObjectAlg, m.RequestURIs = client.AuthPrivateKey, "", []string{"https://app.example.test/r"}
			m.GrantTypes = append(m.GrantTypes, client.GrantClient)
		})
		mine := func(typ any, claims map[string]any) string {
			options := (&jose.SignerOptions{}).WithHeader("kid", "1")
			if typ != nil {
				options = options.WithHeader("typ", typ)
			}
			return jwttest.SignWith(t, jose.SigningKey{Algorithm: jose.ES256, Key: key}, options, claims)
		}
		bare := func(typ any, claims map[string]any) string {
			header := map[string]any{"alg": "none"}
			if typ != nil {
				header["typ"] = typ
			}
			head, err := json.Marshal(header)
			require.NoError(t, err)
			payload, err := json.Marshal(claims)
			require.NoError(t, err)
			encode := base64.RawURLEncoding.EncodeToString
			return encode(head) + "." + encode(payload) + "."
		}
		ours := func(typ any, claims map[string]any) string {
			text, ok := typ.(string)
			if !ok {
				return mine(typ, claims) // the provider never signs such a token
			}
			return w.signed(text, claims)
		}
		idToken := map[string]any{"iss": issuer, "sub": w.user.ID, "aud": c.ID, "sid": "x"}
		access := requireTokens(t, w.redeem(w.code(w.web)))
		opened, ok := w.tokens.ReadAccessToken(access, time.Now())
		require.True(t, ok)
		jwtAccess := map[string]any{
			"iss": issuer, "sub": w.user.ID, "aud": []string{issuer}, "client_id": w.web.ID, "iat": opened.Issued, "exp": opened.Expires, "jti": opened.JTI(), "scope": "openid",
		}
		for kind, k := range map[string]struct {
			takes func(typ any) bool
			good  []any
		}{
			"client assertion": {func(typ any) bool {
				a := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {assertionType},
					"client_assertion": {mine(typ, claimsOf(c.ID, time.Now()))}}, anonymous, fromElsewhere())
				return a.Code == http.StatusOK
			}, []any{nil, "", "JWT", "jwt", "application/jwt", token.TypeClientAssertion}},
			"signed request object": {func(typ any) bool {
				return w.authorize(w.request(c, "request", mine(typ, inside(w.request(c))))).query.Has("code")
			}, []any{nil, "", "JWT", "jwt", "application/jwt", token.TypeRequestObject, "application/oauth-authz-req+jwt"}},
			"unsigned request object": {func(typ any) bool {
				return w.authorize(w.request(c, "request", bare(typ, inside(w.request(c))))).query.Has("code")
			}, []any{nil, "", "JWT", "jwt", "application/jwt", token.TypeRequestObject, "application/oauth-authz-req+jwt"}},
			"DPoP proof": {func(typ any) bool {
				options := &jose.SignerOptions{EmbedJWK: true}
				if typ != nil {
					options = options.WithHeader("typ", typ)
				}
				proof := jwttest.SignWith(t, jose.SigningKey{Algorithm: jose.ES256, Key: key}, options,
					map[string]any{"jti": storage.NewID(), "htm": "POST", "htu": issuer + "/oauth2/token", "iat": time.Now().Unix()})
				return w.exchange(w.web, w.code(w.web), proof).Code == http.StatusOK
			}, []any{dpopProofType}},
			"id_token_hint": {func(typ any) bool {
				return w.authorize(w.request(c, "id_token_hint", ours(typ, idToken))).query.Has("code")
			}, []any{"JWT", "jwt", "application/jwt"}},
			"id_token_hint at logout": {func(typ any) bool {
				a := w.get("/oauth2/logout?" + url.Values{"id_token_hint": {ours(typ, idToken)}, "client_id": {"another"}}.Encode())
				return strings.Contains(a.Body.String(), "name different clients")
			}, []any{"JWT", "jwt", "application/jwt"}},
			"access token": {func(typ any) bool {
				return w.userinfo(ours(typ, jwtAccess)).Code == http.StatusOK
			}, []any{accessTokenType}},
		} {
			for _, typ := range everyJWTType {
				good := slices.ContainsFunc(k.good, func(one any) bool { return one == typ || one == nil && typ == nil })
				require.Equal(t, good, k.takes(typ), "%s of type %v", kind, typ)
			}
		}
	})
}
