package provider

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// PD-14: a registration that is read and written back does not change, and neither do the members that only operators can set.
func TestRegistrationIsReadAndWrittenBack(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		full := w.registers(
			"grant_types", []string{"authorization_code", "refresh_token"}, "jwks_uri", "https://app.example.test/jwks", "default_max_age", 3600,
			"token_endpoint_auth_method", "private_key_jwt", "token_endpoint_auth_signing_alg", "ES256", "userinfo_signed_response_alg", "RS256",
			"request_object_signing_alg", "RS256", "require_signed_request_object", true, "request_uris", []string{"https://app.example.test/r#x"},
			"require_pushed_authorization_requests", true, "subject_type", "pairwise", "default_acr_values", []string{"urn:postern:acr:mfa"},
			"require_auth_time", true, "client_uri", "https://app.example.test/", "logo_uri", "https://app.example.test/logo.png",
			"policy_uri", "https://app.example.test/policy", "tos_uri", "https://app.example.test/tos", "software_id", "s", "software_version", "1",
			"initiate_login_uri", "https://app.example.test/login", "scope", "openid email")
		for _, registered := range []map[string]any{w.registers(), w.registers("token_endpoint_auth_method", "none"), full} {
			uri, token := registered["registration_client_uri"].(string), registered["registration_access_token"].(string)
			id := registered["client_id"].(string)
			c, err := w.clients.Client(t.Context(), id)
			require.NoError(t, err)
			m := c.Metadata
			m.Consent, m.Audience, m.AccessTokenFormat, m.PKCERequired = client.ConsentSkip, []string{"api"}, client.TokenJWT, true
			if c.AuthMethod == client.AuthBasic {
				m.AuthMethod = client.AuthSecret
			}
			m.Scopes, m.PostLogoutRedirectURIs = append(m.Scopes, "report.read"), []string{"https://app.example.test/bye"}
			changed, _, err := w.clients.Update(t.Context(), id, c.Version, m, operator, time.Now())
			require.NoError(t, err)

			read := w.json(http.MethodGet, uri, token, "")
			require.Equal(t, http.StatusOK, read.Code)
			written := w.json(http.MethodPut, uri, token, read.Body.String())
			require.Equal(t, http.StatusOK, written.Code, written.Body.String())
			require.Equal(t, read.body, written.body)
			same, err := w.clients.Client(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, changed.Metadata, same.Metadata)
			require.Equal(t, changed.Version, same.Version)
		}
	})
}

// RFC 7592 section 2.2: members that are left out are reset; those that only operators can set stay.
func TestRegistrationIsReplaced(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		registered := w.registers("logo_uri", "https://app.example.test/logo.png", "default_max_age", 60)
		uri, token, id := registered["registration_client_uri"].(string), registered["registration_access_token"].(string), registered["client_id"]
		put := func(pairs ...any) answer {
			return w.json(http.MethodPut, uri, token, registrationText(t, append([]any{"client_id", id}, pairs...)...))
		}
		a := put("client_secret", registered["client_secret"], "client_name", "Other")
		require.Equal(t, http.StatusOK, a.Code, a.Body.String())
		require.Equal(t, "Other", a.body["client_name"])
		require.NotContains(t, a.body, "logo_uri")
		require.NotContains(t, a.body, "default_max_age")
		require.NotContains(t, a.body, "client_secret")
		require.Equal(t, token, a.body["registration_access_token"])
		for name, a := range map[string]answer{
			"another client":  put("client_id", w.web.ID),
			"no client":       put("client_id", nil),
			"a chosen secret": put("client_secret", strings.Repeat("s", 43)),
			"skip":            put("consent", "skip"),
			"a fragment":      put("redirect_uris", []string{callback + "#x"}),
			"a form":          w.json(http.MethodPut, uri, token, `client_id=x`),
		} {
			require.Equal(t, http.StatusBadRequest, a.Code, name)
		}
		public := put("token_endpoint_auth_method", "none")
		require.NotContains(t, public.body, "client_secret_expires_at")
		again := put()
		require.NotEqual(t, registered["client_secret"], again.body["client_secret"])
		w.adopt(again.body)
		require.NotEmpty(t, w.redeem(w.code(w.web)).body["id_token"])
	})
}

func TestRegistrationIsManagedByItsTokenAlone(t *testing.T) {
	registering(t, registration.Open, func(t *testing.T, w *world) {
		one, other := w.registers(), w.registers()
		uri, token := one["registration_client_uri"].(string), one["registration_access_token"].(string)
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			for name, a := range map[string]answer{
				"no token":        w.json(method, uri, "", registrationText(t)),
				"another's token": w.json(method, uri, other["registration_access_token"].(string), registrationText(t)),
				"a client secret": w.json(method, uri, one["client_secret"].(string), registrationText(t)),
				"an operator's":   w.json(method, oauth.RegisterPath+"/"+w.web.ID, token, registrationText(t)),
				"nobody":          w.json(method, oauth.RegisterPath+"/nobody", token, registrationText(t)),
			} {
				require.Equal(t, http.StatusUnauthorized, a.Code, "%s %s", method, name)
			}
		}
		row, err := w.store.Clients.ByID(t.Context(), one["client_id"].(string))
		require.NoError(t, err)
		require.Equal(t, storage.Hash(token), row.RegistrationHash)

		require.NoError(t, w.clients.Disable(t.Context(), other["client_id"].(string), operator, time.Now()))
		a := w.json(http.MethodGet, other["registration_client_uri"].(string), other["registration_access_token"].(string), "")
		require.Equal(t, http.StatusUnauthorized, a.Code, "an operator has disabled it")

		w.adopt(one)
		access := w.redeem(w.code(w.web)).body["access_token"].(string)
		gone := w.json(http.MethodDelete, uri, token, "")
		require.Equal(t, http.StatusNoContent, gone.Code)
		require.Empty(t, gone.Body.String())
		require.Equal(t, http.StatusUnauthorized, w.json(http.MethodGet, uri, token, "").Code)
		require.Equal(t, http.StatusUnauthorized, w.userinfo(access).Code)
		require.Equal(t, 1, w.events(audit.ClientRemoved))
	})
}
