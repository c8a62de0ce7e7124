package provider

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

func TestOIDCCCodeReuse(t *testing.T) {
	conforms(t, withCode, func(r *run) { r.reuses(0) })
}

func TestOIDCCCodeReuse30Seconds(t *testing.T) {
	conformsInTime(t, withCode, func(r *run) { r.reuses(30 * time.Second) })
}

// reuses redeems a code twice, with a pause. The second time is refused, and revokes the tokens of the first.
func (r *run) reuses(after time.Duration) {
	r.t.Helper()
	o := r.succeeds()
	arrived, _ := o.arrived()
	access := o.tokens.body["access_token"].(string)
	time.Sleep(after)
	require.Equal(r.t, http.StatusOK, r.userinfo(access).Code)
	requireInvalidGrant(r.t, r.token("grant_type", "authorization_code", "code", arrived.Get("code"), "redirect_uri", callback))
	requireError(r.t, r.userinfo(access), http.StatusUnauthorized, invalidToken)
}

func TestOIDCCRefreshToken(t *testing.T) {
	conformsInTime(t, withCode, func(r *run) {
		require.Contains(r.t, r.get("/.well-known/openid-configuration").body["grant_types_supported"], client.GrantRefresh)
		r.refreshes(r.asksOffline())
		first, secret := r.web, r.secret
		r.hybrid()
		token := r.asksOffline().tokens.body["refresh_token"].(string)
		r.web, r.secret = first, secret
		requireInvalidGrant(r.t, r.token("grant_type", "refresh_token", "refresh_token", token))

		r.dynamic("grant_types", append(r.grants(), client.GrantRefresh)) // as the plan Dynamic does
		r.refreshes(r.asksOffline())
	})
}

// asksOffline runs a flow with a refresh token, for which the person is asked for consent.
func (r *run) asksOffline() *outcome {
	r.t.Helper()
	form := r.request("scope", "openid offline_access", "prompt", "consent")
	page, flow := r.begin(form)
	require.Equal(r.t, "consent", page)
	r.agree(flow, r.web, "openid", "offline_access")
	return r.finish(r.resume(flow), form)
}

// refreshes uses the refresh token of a flow a second later, and checks the answer like the first one. It must be about the same sign-in.
func (r *run) refreshes(o *outcome) {
	r.t.Helper()
	time.Sleep(time.Second)
	tokens := r.token("grant_type", "refresh_token", "refresh_token", o.tokens.body["refresh_token"].(string))
	require.Equal(r.t, http.StatusOK, tokens.Code, tokens.Body.String())
	refreshed := *o
	refreshed.tokens, refreshed.refreshed = &tokens, true
	refreshed.infos = append(slices.Clone(o.infos), r.userinfo(tokens.body["access_token"].(string)))
	require.Empty(r.t, refreshed.findings())
	before, after := o.idToken(), refreshed.idToken()
	for _, name := range []string{"iss", "sub", "aud", "auth_time", "azp", "acr", "amr", "sid"} {
		require.Equal(r.t, before[name], after[name], name)
	}
	require.Greater(r.t, after["iat"], before["iat"])
}
