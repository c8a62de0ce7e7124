package provider

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCodeFlow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.authorize(w.request(w.web))
		require.Equal(t, http.StatusSeeOther, a.Code)
		require.Equal(t, "the state", a.query.Get("state"))
		require.Equal(t, issuer, a.query.Get("iss"))
		require.NotEmpty(t, a.query.Get("session_state"))
		require.Len(t, a.query, 4, "code, state, iss and session_state")
		require.Regexp(t, `^pst_ac_[A-Za-z0-9_-]{43}$`, a.query.Get("code"))

		tokens := w.redeem(a.query.Get("code"))
		require.Equal(t, http.StatusOK, tokens.Code, tokens.Body.String())
		require.Equal(t, "no-store", tokens.Header().Get("Cache-Control"))
		require.Equal(t, "Bearer", tokens.body["token_type"])
		require.InDelta(t, 600, tokens.body["expires_in"], 1)
		require.NotContains(t, tokens.body, "refresh_token", "offline_access was not asked for")

		claims := w.idToken(tokens.body["id_token"])
		require.Equal(t, w.user.ID, claims["sub"])
		require.Equal(t, w.web.ID, claims["aud"])
		require.Equal(t, "the nonce", claims["nonce"])
		require.Equal(t, "urn:postern:acr:mfa", claims["acr"])
		require.Equal(t, []any{"pwd", "otp", "mfa"}, claims["amr"])
		require.InDelta(t, time.Now().Unix(), claims["auth_time"], 2)
		require.NotContains(t, claims, "rat")
		require.NotContains(t, claims, "email", "profile claims belong to userinfo")

		info := w.userinfo(tokens.body["access_token"].(string))
		require.Equal(t, http.StatusOK, info.Code)
		require.Equal(t, w.user.ID, info.body["sub"])
		require.Equal(t, w.user.Email, info.body["email"])
		require.Equal(t, "Ada Example", info.body["name"])
		require.NotContains(t, info.body, "groups", "the scope was not asked for")
	})
}

func TestRefresh(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.offline()
		second := w.refresh(first["refresh_token"].(string))
		require.Equal(t, http.StatusOK, second.Code, second.Body.String())
		require.NotEqual(t, first["refresh_token"], second.body["refresh_token"])
		before, after := w.idToken(first["id_token"]), w.idToken(second.body["id_token"])
		for _, claim := range []string{"iss", "sub", "aud", "auth_time", "acr", "amr", "sid"} {
			require.Equal(t, before[claim], after[claim], claim)
		}
		require.Equal(t, http.StatusOK, w.userinfo(second.body["access_token"].(string)).Code)
	})
}
