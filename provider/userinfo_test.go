package provider

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/storage/storagetest"
)

func TestUserInfoWithoutAToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, header := range map[string][]string{
			"no header": nil, "empty": {"Bearer"}, "blank": {"Bearer "}, "blanks": {"Bearer    "},
			"another scheme": {basicText(w.web.ID + ":" + w.secret)}, "DPoP without a token": {"DPoP "}, "only a token": {"pst_at_x"},
		} {
			r := httptest.NewRequest(http.MethodGet, "/userinfo", nil)
			authorization(header...)(r)
			a := w.do(r)
			require.Equal(t, http.StatusUnauthorized, a.Code, name)
			require.Equal(t, []string{`Bearer realm="postern"`, `DPoP algs="RS256 PS256 ES256 EdDSA"`}, a.Header().Values("WWW-Authenticate"), name)
			require.Empty(t, a.body, name)
			requireUnstored(t, a)
		}
	})
}

func TestUserInfoTakesAccessTokensOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tokens := w.offline()
		code := w.code(w.web)
		for name, token := range map[string]string{
			"unknown": "pst_at_x", "invented": "x", "1 MB": strings.Repeat("x", 1<<20), "1 MB of dots": strings.Repeat(".", 1<<20),
			"10 kB": accessPrefix + strings.Repeat("A", 10_000), "prefix": accessPrefix,
			"a refresh token": tokens["refresh_token"].(string), "an ID token": tokens["id_token"].(string), "a code": code,
			"a sealed code": accessPrefix + strings.TrimPrefix(code, codePrefix), "the session": string(w.browser.session), "a secret": w.secret,
		} {
			a := w.userinfo(token)
			requireError(t, a, http.StatusUnauthorized, invalidToken)
			require.Contains(t, a.Header().Get("WWW-Authenticate"), `Bearer realm="postern", error="invalid_token"`, name)
		}
		for _, token := range jwttest.Variants(tokens["access_token"].(string)) {
			if strings.HasPrefix(token, " ") {
				continue // leading blanks belong to the header
			}
			requireError(t, w.userinfo(token), http.StatusUnauthorized, invalidToken)
		}
		require.Equal(t, http.StatusOK, w.userinfo(tokens["access_token"].(string)).Code)
	})
}

// The same keys sign other kinds of tokens. Their type tells them apart, whatever claims they have (RFC 9068 section 4).
func TestUserInfoTakesTokensOfTheRightType(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.change(w.web, func(m *client.Metadata) { m.AccessTokenFormat = client.TokenJWT })
		_, claims := jwttest.TakeApart(t, w.offline()["access_token"].(string))
		sign := func(typ string) string {
			text, err := json.Marshal(claims)
			require.NoError(t, err)
			token, err := w.keys.Sign("ES256", typ, text, time.Now())
			require.NoError(t, err)
			return token
		}
		require.Equal(t, http.StatusOK, w.userinfo(sign("at+jwt")).Code)
		for _, typ := range []string{"JWT", "logout+jwt", "", "AT+JWT", "application/at+jwt"} {
			requireError(t, w.userinfo(sign(typ)), http.StatusUnauthorized, invalidToken)
		}
		claims["iss"] = "https://evil.example.test"
		requireError(t, w.userinfo(sign("at+jwt")), http.StatusUnauthorized, invalidToken)
	})
}

func TestUserInfoPlaces(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		access := w.offline()["access_token"].(string)
		header, body := authorization("Bearer "+access), url.Values{"access_token": {access}}
		for name, tc := range map[string]struct {
			path   string
			body   url.Values
			header func(*http.Request)
			want   int
		}{
			"in the header of a POST":      {"/userinfo", nil, header, http.StatusOK},
			"scheme in small letters":      {"/userinfo", nil, authorization("bearer " + access), http.StatusOK},
			"in the body":                  {"/userinfo", body, anonymous, http.StatusOK},
			"other things in the body":     {"/userinfo", url.Values{"x": {"y"}}, header, http.StatusOK},
			"in header and body":           {"/userinfo", body, header, http.StatusBadRequest},
			"in two headers":               {"/userinfo", nil, authorization("Bearer "+access, "Bearer "+access), http.StatusBadRequest},
			"in the query":                 {"/userinfo?access_token=" + access, nil, anonymous, http.StatusBadRequest},
			"in the query and the header":  {"/userinfo?access_token=" + access, nil, header, http.StatusBadRequest},
			"basic header and a body":      {"/userinfo", body, authorization("Basic eDp5"), http.StatusBadRequest},
			"in the body, with blanks":     {"/userinfo", url.Values{"access_token": {" " + access}}, anonymous, http.StatusUnauthorized},
			"in the body, under a prefix":  {"/userinfo", url.Values{"access_token": {"Bearer " + access}}, anonymous, http.StatusUnauthorized},
			"in the query of an empty one": {"/userinfo?access_token=", nil, anonymous, http.StatusBadRequest},
		} {
			a := w.post(tc.path, tc.body, tc.header)
			require.Equal(t, tc.want, a.Code, "%s: %s", name, a.Body.String())
			if tc.want != http.StatusOK {
				require.NotContains(t, a.body, "sub", name)
			}
		}
		r := httptest.NewRequest(http.MethodPost, "/userinfo", nil)
		header(r)
		require.Equal(t, http.StatusOK, w.do(r).Code, "a POST without body and type")
		r = httptest.NewRequest(http.MethodGet, "/userinfo", strings.NewReader(body.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, http.StatusUnauthorized, w.do(r).Code, "the body of a GET is ignored")
		require.NotContains(t, w.log.String(), access)
	})
}

func TestUserInfoHasTheClaimsOfTheScopes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for scope, names := range map[string][]string{
			"openid":                nil,
			"openid profile":        {"name", "preferred_username", "updated_at"},
			"openid email":          {"email", "email_verified"},
			"openid groups":         {"groups"},
			"openid address":        nil,
			"openid phone":          nil,
			"openid offline_access": nil,
		} {
			a := w.redeem(w.code(w.web, "scope", scope))
			info := w.userinfo(requireTokens(t, a))
			require.Equal(t, http.StatusOK, info.Code)
			require.ElementsMatch(t, append(names, "sub"), keysOf(info.body), scope)
			require.Equal(t, w.idToken(a.body["id_token"])["sub"], info.body["sub"])
			requireUnstored(t, info)
		}
	})
}

// A grant ends at every replica at once.
func TestUserInfoAtTheOtherReplica(t *testing.T) {
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		here := newWorld(t, db.Open(t))
		there := joinWorld(t, db.Open(t))
		access := here.offline()["access_token"].(string)
		require.Equal(t, http.StatusOK, there.userinfo(access).Code)
		require.Equal(t, http.StatusOK, here.post("/oauth2/revoke", url.Values{"token": {access}}).Code)
		requireError(t, there.userinfo(access), http.StatusUnauthorized, invalidToken)

		access = here.offline()["access_token"].(string)
		require.Equal(t, http.StatusOK, there.userinfo(access).Code)
		require.NoError(t, here.store.Users.Disable(t.Context(), here.user.ID, time.Now()))
		requireError(t, there.userinfo(access), http.StatusUnauthorized, invalidToken)
		require.NoError(t, here.store.Users.Enable(t.Context(), here.user.ID, time.Now()))
		requireError(t, there.userinfo(access), http.StatusUnauthorized, invalidToken)
	})
}

// A resource server must not read the person's data with the token that an app has sent to it (RFC 9068 section 4).
func TestUserInfoIsForItsAudienceAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, format := range []string{client.TokenSealed, client.TokenJWT} {
			for _, tc := range []struct {
				audience []string
				good     bool
			}{
				{nil, true},
				{[]string{issuer}, true},
				{[]string{"https://api.example.test", issuer}, true},
				{[]string{"https://api.example.test"}, false},
				{[]string{"https://api.example.test", w.web.ID}, false},
				{[]string{issuer + "/userinfo"}, false},
				{[]string{strings.ToUpper(issuer)}, false},
			} {
				w.change(w.web, func(m *client.Metadata) { m.Audience, m.AccessTokenFormat = tc.audience, format })
				access := requireTokens(t, w.redeem(w.code(w.web)))
				a := w.userinfo(access)
				if tc.good {
					require.Equal(t, w.user.ID, a.body["sub"], "%s %v", format, tc.audience)
					continue
				}
				requireError(t, a, http.StatusUnauthorized, invalidToken)
				require.Contains(t, a.Header().Get("WWW-Authenticate"), invalidToken)
				require.Equal(t, true, w.introspect(access)["active"], "it is valid elsewhere")
			}
		}
	})
}

// Each kind of bearer token works only at the endpoints that it was made for.
func TestBearerTokensHaveOnePurpose(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		made := w.registers()
		initial, manage := w.initial(5, time.Hour), made["registration_access_token"].(string)
		tokens := w.offline()
		access, refresh, id := tokens["access_token"].(string), tokens["refresh_token"].(string), tokens["id_token"].(string)
		for _, token := range []string{initial, manage, refresh, id, w.code(w.web)} {
			requireError(t, w.userinfo(token), http.StatusUnauthorized, invalidToken)
		}
		for _, token := range []string{initial, manage, id} {
			require.Equal(t, map[string]any{"active": false}, w.introspect(token))
		}
		for _, token := range []string{initial, access, refresh, id} {
			a := w.json(http.MethodGet, made["registration_client_uri"].(string), token, "")
			requireError(t, a, http.StatusUnauthorized, invalidToken)
		}
		for _, token := range []string{manage, access, refresh, id} {
			requireError(t, w.json(http.MethodPost, oauth.RegisterPath, token, registrationText(t)), http.StatusUnauthorized, invalidToken)
		}
	})
}
