package provider

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

func TestOIDCCServer(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.succeeds()
		if r.mode == "" { // the plan Dynamic
			r.dynamic()
			r.succeeds()
		}
	})
}

func TestOIDCCServerClientSecretPost(t *testing.T) {
	conforms(t, withCode, func(r *run) {
		r.change(r.web, func(m *client.Metadata) { m.AuthMethod = client.AuthPost })
		changed, err := r.clients.Client(r.t.Context(), r.web.ID)
		require.NoError(r.t, err)
		r.web = changed
		r.succeeds()
	})
}

// Without a response type, the answer is in the query, unless form_post was asked for.
func TestOIDCCResponseTypeMissing(t *testing.T) {
	conforms(t, []string{"code", "id_token", "id_token token", "code id_token"}, func(r *run) {
		r.fails(r.request("response_type", ""), "invalid_request", "unsupported_response_type")
		r.dynamic()
		r.fails(r.request("response_type", ""), "invalid_request", "unsupported_response_type")
	})
}

func TestOIDCCEnsureRequestWithoutNonceSucceedsForCodeFlow(t *testing.T) {
	conforms(t, []string{"code", "code token"}, func(r *run) {
		require.NotContains(r.t, r.succeeds("nonce", "").idToken(), "nonce")
	})
}

func TestOIDCCEnsureRequestWithoutNonceFails(t *testing.T) {
	conforms(t, []string{"id_token", "id_token token", "code id_token", "code id_token token"}, func(r *run) {
		r.fails(r.request("nonce", ""), "invalid_request")
	})
}

func TestOIDCCDisplayPage(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.succeeds("display", "page") })
}

func TestOIDCCDisplayPopup(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.succeeds("display", "popup") })
}

func TestOIDCCEnsureRequestWithUnknownParameterSucceeds(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.succeeds("extra", "foobar") })
}

func TestOIDCCLoginHint(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.succeeds("login_hint", "buffy@example.test") })
}

func TestOIDCCUILocales(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.succeeds("ui_locales", "se") })
}

func TestOIDCCClaimsLocales(t *testing.T) {
	conforms(t, everyType, func(r *run) { r.succeeds("claims_locales", "se") })
}

func TestOIDCCEnsureRequestWithACRValuesSucceeds(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		var announced []string
		for _, value := range r.get("/.well-known/openid-configuration").body["acr_values_supported"].([]any) {
			announced = append(announced, value.(string))
		}
		require.NotEmpty(r.t, announced)
		r.succeeds("acr_values", strings.Join(announced, " "))
	})
}

func TestOIDCCEnsureRequestWithValidPKCESucceeds(t *testing.T) {
	conforms(t, []string{"code", "code id_token"}, func(r *run) {
		form := r.request("code_challenge", s256(verifier), "code_challenge_method", "S256")
		r.finish(r.authorize(form), form, "code_verifier", verifier)
	})
}

func TestOIDCCEnsurePostRequestSucceeds(t *testing.T) {
	conforms(t, []string{"code"}, func(r *run) {
		form := r.request()
		r.finish(r.post("/oauth2/auth", form, anonymous), form)
	})
}

func TestOIDCCEnsureRegisteredRedirectURI(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.shows(r.request("redirect_uri", callback+"/"+storage.NewID()), "Wrong return address")
	})
}

func TestOIDCCEnsureRedirectURIInAuthorizationRequest(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.dynamic("redirect_uris", []string{callback, callback + "2"})
		r.shows(r.request("redirect_uri", ""), "This link does not work")
	})
}

func TestOIDCCRedirectURIQueryOK(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.dynamic("redirect_uris", []string{callback + "?foo=bar"})
		form := r.request("redirect_uri", callback+"?foo=bar")
		a := r.authorize(form)
		r.finish(a, form)
		if r.mode == "" {
			require.Equal(r.t, []string{"bar"}, a.query["foo"])
		}
	})
}

func TestOIDCCRedirectURIQueryMismatch(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.dynamic("redirect_uris", []string{callback + "?foo=bar"})
		r.shows(r.request("redirect_uri", callback+"?foo=other"), "Wrong return address")
	})
}

func TestOIDCCRedirectURIQueryAdded(t *testing.T) {
	conforms(t, everyType, func(r *run) {
		r.dynamic()
		r.shows(r.request("redirect_uri", callback+"?foo=bar"), "Wrong return address")
	})
}
