package provider

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/jwttest"
	"github.com/postern-id/postern/provider/oauth"
)

// A new key is published with a different kid, beside the old one. An announced key signs later, and in an emergency a new key signs at once.
func TestOIDCCServerRotateKeys(t *testing.T) {
	conforms(t, []string{"code"}, func(r *run) {
		kids := func() (kids []string) {
			for _, key := range r.keySet().Keys {
				if key.Algorithm == string(jose.RS256) {
					kids = append(kids, key.KeyID)
				}
			}
			return kids
		}
		signs := func() any {
			header, _ := jwttest.TakeApart(r.t, r.succeeds().idTokenText())
			return header["kid"]
		}
		for _, at := range []bool{false, true} {
			before, old := kids(), signs()
			added, err := r.keys.Rotate(r.t.Context(), "RS256", at, operator, time.Now())
			require.NoError(r.t, err)
			require.NotContains(r.t, before, added.ID)
			require.ElementsMatch(r.t, append(before, added.ID), kids(), "the old keys stay")
			if at {
				require.Equal(r.t, added.ID, signs())
			} else {
				require.Equal(r.t, old, signs(), "clients get to know a key before it signs")
			}
		}
	})
}

// knownMetadata lists the members of the discovery document that the suite knows. It warns of any other.
var knownMetadata = strings.Fields(`
	issuer authorization_endpoint token_endpoint jwks_uri registration_endpoint userinfo_endpoint end_session_endpoint check_session_iframe
	revocation_endpoint revocation_endpoint_auth_methods_supported revocation_endpoint_auth_signing_alg_values_supported
	introspection_endpoint introspection_endpoint_auth_methods_supported introspection_endpoint_auth_signing_alg_values_supported
	pushed_authorization_request_endpoint require_pushed_authorization_requests device_authorization_endpoint
	scopes_supported response_types_supported response_modes_supported grant_types_supported subject_types_supported acr_values_supported
	token_endpoint_auth_methods_supported token_endpoint_auth_signing_alg_values_supported
	id_token_signing_alg_values_supported userinfo_signing_alg_values_supported request_object_signing_alg_values_supported
	dpop_signing_alg_values_supported code_challenge_methods_supported display_values_supported prompt_values_supported
	claim_types_supported claims_supported claims_locales_supported ui_locales_supported
	claims_parameter_supported request_parameter_supported request_uri_parameter_supported require_request_uri_registration
	require_signed_request_object authorization_response_iss_parameter_supported
	frontchannel_logout_supported frontchannel_logout_session_supported backchannel_logout_supported backchannel_logout_session_supported
	service_documentation op_policy_uri op_tos_uri`)

func TestOIDCCDiscoveryEndpointVerification(t *testing.T) {
	module(t, func(t *testing.T, w *world, _ *suiteApp) {
		a := w.get("/.well-known/openid-configuration")
		require.Equal(t, http.StatusOK, a.Code)
		require.True(t, strings.HasPrefix(a.Header().Get("Content-Type"), "application/json"))
		about := a.body
		require.Equal(t, issuer, about["issuer"])
		for name, value := range about {
			if text, ok := value.(string); ok {
				require.True(t, strings.HasPrefix(text, "https://"), name)
			}
			if list, ok := value.([]any); ok {
				require.NotEmpty(t, list, name)
				require.Len(t, setOf(list), len(list), "%s has something twice", name)
			}
			require.Contains(t, knownMetadata, name)
		}
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "scopes_supported", "claims_supported", "subject_types_supported"} {
			require.NotEmpty(t, about[name], name)
		}
		require.Contains(t, about["id_token_signing_alg_values_supported"], "RS256")
		require.Contains(t, about["request_object_signing_alg_values_supported"], "RS256")
		for _, tag := range about["ui_locales_supported"].([]any) {
			require.Regexp(t, `^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$`, tag, "in canonical case")
		}
		// The plan Dynamic:
		require.Equal(t, issuer+oauth.RegisterPath, about["registration_endpoint"])
		require.Subset(t, about["response_types_supported"], []any{"code", "id_token", "id_token token"})
		require.Subset(t, about["grant_types_supported"], []any{"authorization_code", "implicit"})
	})
}

func setOf(list []any) map[any]bool {
	set := map[any]bool{}
	for _, value := range list {
		set[value] = true
	}
	return set
}
