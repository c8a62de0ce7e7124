package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// withAccessToken are the response types with an access token for the UserInfo endpoint.
var withAccessToken = []string{"code", "id_token token", "code id_token", "code token", "code id_token token"}

// asksUserInfo runs a flow and sends another UserInfo request, which ask makes.
func (r *run) asksUserInfo(ask func(token string) answer) {
	r.t.Helper()
	o := r.succeeds()
	arrived, _ := o.arrived()
	token := arrived.Get("access_token")
	if o.tokens != nil {
		token = o.tokens.body["access_token"].(string)
	}
	o.infos = append(o.infos, ask(token))
	require.Empty(r.t, o.findings())
}

func TestOIDCCUserInfoGet(t *testing.T) {
	conforms(t, withAccessToken, func(r *run) { r.asksUserInfo(r.userinfo) })
}

func TestOIDCCUserInfoPostHeader(t *testing.T) {
	conforms(t, withAccessToken, func(r *run) {
		r.asksUserInfo(func(token string) answer {
			request := httptest.NewRequest(http.MethodPost, "/userinfo", nil)
			request.Header.Set("Authorization", "Bearer "+token)
			return r.do(request)
		})
	})
}

func TestOIDCCUserInfoPostBody(t *testing.T) {
	conforms(t, withAccessToken, func(r *run) {
		r.asksUserInfo(func(token string) answer { return r.post("/userinfo", url.Values{"access_token": {token}}, anonymous) })
	})
}

// asksScopes runs a flow with scopes. The checker requires exactly their claims, in the right place.
func (r *run) asksScopes(scopes string, claims ...string) {
	r.t.Helper()
	info := r.succeeds("scope", scopes).userInfo()
	for _, name := range claims {
		require.Contains(r.t, info, name)
	}
}

func TestOIDCCScopeProfile(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.asksScopes("openid profile", claimsOfScopes["profile"]...) })
}

func TestOIDCCScopeEmail(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.asksScopes("openid email", "email", "email_verified") })
}

func TestOIDCCScopeAddress(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.asksScopes("openid address", "address") })
}

func TestOIDCCScopePhone(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.asksScopes("openid phone", "phone_number", "phone_number_verified") })
}

func TestOIDCCScopeAll(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		var every []string
		for _, names := range claimsOfScopes {
			every = append(every, names...)
		}
		require.Len(r.t, every, 19, "and sub")
		r.asksScopes("openid profile email address phone", every...)
	})
}

// The scopes and the parameters are in reverse order.
func TestOIDCCAlternateHappyFlow(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		form := r.request("scope", "email openid")
		pairs := strings.Split(form.Encode(), "&")
		slices.Reverse(pairs)
		r.finish(r.get("/oauth2/auth?"+strings.Join(pairs, "&")), form)
	})
}

func TestOIDCCClaimsEssential(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		place := "userinfo"
		if r.types == "id_token" {
			place = "id_token"
		}
		o := r.succeeds("claims", `{"`+place+`":{"name":{"essential":true}}}`)
		require.Equal(r.t, "Ada Example", o.userInfo()["name"])
	})
}

func TestOIDCCUserInfoRS256(t *testing.T) {
	conforms(t, withAccessToken, func(r *run) {
		r.dynamic("userinfo_signed_response_alg", "RS256")
		about := r.get("/.well-known/openid-configuration").body
		require.Contains(r.t, about["userinfo_signing_alg_values_supported"], "RS256")
		form := r.request("scope", "openid email")
		o := &outcome{sent: form, response: r.authorize(form)}
		arrived, fault := o.arrived()
		require.Empty(r.t, fault)
		token := arrived.Get("access_token")
		if code := arrived.Get("code"); code != "" {
			token = requireTokens(r.t, r.token("grant_type", "authorization_code", "code", code, "redirect_uri", callback))
		}
		a := r.userinfo(token)
		require.Equal(r.t, http.StatusOK, a.Code)
		require.True(r.t, strings.HasPrefix(a.Header().Get("Content-Type"), "application/jwt"))
		_, claims := r.verified(a.Body.String(), "RS256")
		require.Equal(r.t, issuer, claims["iss"])
		require.Equal(r.t, r.web.ID, claims["aud"])
		require.Equal(r.t, r.user.ID, claims["sub"])
		require.Equal(r.t, r.user.Email, claims["email"])
		require.NotContains(r.t, claims, "nonce")
	})
}
