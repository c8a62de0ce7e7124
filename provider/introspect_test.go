package provider

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
)

func TestIntrospection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tokens := w.offline()
		access, refresh := tokens["access_token"].(string), tokens["refresh_token"].(string)
		for _, hint := range []string{"", "access_token", "refresh_token", "bogus"} {
			a := w.post("/oauth2/introspect", params(url.Values{"token": {access}}, "token_type_hint", hint))
			requireUnstored(t, a)
			require.Equal(t, true, a.body["active"])
			require.Equal(t, "Bearer", a.body["token_type"])
			require.Equal(t, w.web.ID, a.body["client_id"])
			require.Equal(t, w.user.ID, a.body["sub"])
			require.Equal(t, issuer, a.body["iss"])
			require.Equal(t, "openid profile email offline_access", a.body["scope"])
			require.InDelta(t, time.Now().Unix(), a.body["iat"], 2)
			require.InDelta(t, time.Now().Add(10*time.Minute).Unix(), a.body["exp"], 2)

			a = w.post("/oauth2/introspect", params(url.Values{"token": {refresh}}, "token_type_hint", hint))
			require.Equal(t, true, a.body["active"])
			require.Equal(t, "refresh_token", a.body["token_type"], "it is not described as an access token")
			require.InDelta(t, time.Now().Add(14*24*time.Hour).Unix(), a.body["exp"], 2)
		}
		w.refreshedOnce(refresh)
		require.Equal(t, map[string]any{"active": false}, w.introspect(refresh), "it was replaced")
	})
}

// A caller that may not know about a token always gets the same answer.
func TestIntrospectionRevealsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tokens := w.offline()
		other, secret := w.register(client.Web, func(m *client.Metadata) { m.RedirectURIs = []string{callback} })
		asOther := authorization(basicText(other.ID + ":" + secret))
		var bodies []string
		for _, token := range append([]string{
			"unknown", strings.Repeat("x", 8<<10), accessPrefix + "x", refreshPrefix + "x", w.code(w.web), tokens["id_token"].(string),
			tokens["access_token"].(string), tokens["refresh_token"].(string),
		}, jwttest.Variants(tokens["refresh_token"].(string))...) {
			a := w.post("/oauth2/introspect", url.Values{"token": {token}}, asOther)
			require.Equal(t, http.StatusOK, a.Code)
			bodies = append(bodies, a.Body.String())
		}
		for _, body := range bodies {
			require.Equal(t, `{"active":false}`, body)
		}
		for _, token := range append(jwttest.Variants(tokens["access_token"].(string)), tokens["id_token"].(string)) {
			require.Equal(t, map[string]any{"active": false}, w.introspect(token))
		}
		requireError(t, w.post("/oauth2/introspect", url.Values{}, asOther), http.StatusBadRequest, invalidRequest)
		bearer := authorization("Bearer " + tokens["access_token"].(string))
		requireError(t, w.post("/oauth2/introspect", url.Values{"token": {tokens["access_token"].(string)}}, bearer), http.StatusUnauthorized, invalidClient)
	})
}

func TestIntrospectionByAResourceServer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		api, secret := w.register(client.Service, func(*client.Metadata) {})
		asAPI := authorization(basicText(api.ID + ":" + secret))
		tokens := w.offline()
		ask := func(token any) map[string]any {
			return w.post("/oauth2/introspect", url.Values{"token": {token.(string)}}, asAPI).body
		}
		require.Equal(t, map[string]any{"active": false}, ask(tokens["access_token"]))
		w.change(w.web, func(m *client.Metadata) { m.Audience = []string{"https://api.example.test", api.ID} })
		require.Equal(t, true, ask(tokens["access_token"])["active"])
		require.Equal(t, map[string]any{"active": false}, ask(tokens["refresh_token"]), "only the client may ask about a refresh token")
	})
}

// A resource server learns what the scopes of the token bring about the person, and no more.
func TestIntrospectionNamesThePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		api, secret := w.register(client.Service, func(*client.Metadata) {})
		w.change(w.web, func(m *client.Metadata) { m.Audience = []string{api.ID} })
		for scope, want := range map[string]map[string]any{
			"openid":         {},
			"openid email":   {"email": w.user.Email, "email_verified": true, "username": w.user.Email},
			"openid profile": {"name": w.user.Claims["name"], "username": w.user.Username},
			"openid groups":  {"groups": []any{"staff"}},
			"openid profile email": {
				"name": w.user.Claims["name"], "email": w.user.Email, "email_verified": true, "username": w.user.Username,
			},
		} {
			access := requireTokens(t, w.redeem(w.code(w.web, "scope", scope)))
			for _, as := range []func(*http.Request){w.basic, authorization(basicText(api.ID + ":" + secret))} {
				got := w.post("/oauth2/introspect", url.Values{"token": {access}}, as).body
				for _, member := range []string{
					"active", "token_type", "client_id", "sub", "iss", "scope", "iat", "exp", "jti", "aud",
				} {
					require.Contains(t, got, member)
					delete(got, member)
				}
				require.Equal(t, want, got, scope)
			}
		}
	})
}

// Introspection returns the claims that the token itself contains (RFC 7662 section 2.2).
func TestIntrospectionNamesTokenAndAudience(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, audience := range [][]string{nil, {"https://api.example.test"}, {"https://api.example.test", issuer}} {
			want := []any{issuer}
			if audience != nil {
				want = nil
				for _, name := range audience {
					want = append(want, name)
				}
			}
			w.change(w.web, func(m *client.Metadata) { m.Audience, m.AccessTokenFormat = audience, client.TokenJWT })
			access := requireTokens(t, w.redeem(w.code(w.web)))
			_, claims := w.verified(access, jose.ES256)
			require.Equal(t, claims["jti"], w.introspect(access)["jti"])
			require.Equal(t, claims["aud"], w.introspect(access)["aud"])
			require.Equal(t, want, w.introspect(access)["aud"])

			w.change(w.web, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenSealed })
			access = requireTokens(t, w.redeem(w.code(w.web)))
			require.NotEmpty(t, w.introspect(access)["jti"])
			require.Equal(t, want, w.introspect(access)["aud"])
		}
	})
}
