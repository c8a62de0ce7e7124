package provider

import (
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/registration"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/templates"
)

// metadata is the discovery document (OIDC Discovery section 3, RFC 8414 section 2): what is switched on, and nothing else.
func (p *Provider) metadata() ([]byte, error) {
	at := func(path string) string { return p.cfg.Issuer + path }
	about := map[string]any{
		"issuer":                                      p.cfg.Issuer,
		"authorization_endpoint":                      at(oauth.AuthorizePath),
		"token_endpoint":                              at(oauth.TokenPath),
		"userinfo_endpoint":                           at(oauth.UserInfoPath),
		"jwks_uri":                                    at(oauth.JWKSPath),
		"revocation_endpoint":                         at(oauth.RevokePath),
		"introspection_endpoint":                      at(oauth.IntrospectPath),
		"end_session_endpoint":                        at(oauth.LogoutPath),
		"check_session_iframe":                        at(oauth.CheckSessionPath),
		"frontchannel_logout_supported":               true,
		"frontchannel_logout_session_supported":       true,
		"device_authorization_endpoint":               at(oauth.DeviceAuthorizationPath),
		"scopes_supported":                            scope.Supported(),
		"claims_supported":                            supportedClaims(),
		"claim_types_supported":                       []string{"normal"},
		"claims_parameter_supported":                  true,
		"request_parameter_supported":                 true,
		"request_uri_parameter_supported":             true,
		"require_request_uri_registration":            true,
		"request_object_signing_alg_values_supported": append(client.SigningAlgs(), client.AlgNone),
		"pushed_authorization_request_endpoint":       at(oauth.PushPath),
		"require_pushed_authorization_requests":       false, // of some clients: require_pushed_authorization_requests in their registration
		"response_types_supported":                    client.ResponseTypes(),
		"response_modes_supported":                    oauth.ResponseModes(),
		"grant_types_supported":                       client.GrantTypes(),
		"subject_types_supported":                     []string{client.SubjectPublic, client.SubjectPairwise},
		"id_token_signing_alg_values_supported":       append(p.keys.Algorithms(), client.AlgNone),
		"userinfo_signing_alg_values_supported":       client.SigningAlgs(),
		"ui_locales_supported":                        languages(),
		"display_values_supported":                    []string{"page"},
		"acr_values_supported":                        []string{token.ACRMFA, token.ACRREFED},
		"prompt_values_supported":                     []string{"none", "login", "consent", "select_account"},
		"code_challenge_methods_supported":            []string{"S256"},

		"token_endpoint_auth_methods_supported":                    []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"token_endpoint_auth_signing_alg_values_supported":         client.SigningAlgs(),
		"revocation_endpoint_auth_methods_supported":               []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"revocation_endpoint_auth_signing_alg_values_supported":    client.SigningAlgs(),
		"introspection_endpoint_auth_methods_supported":            []string{"client_secret_basic", "client_secret_post", "private_key_jwt"},
		"introspection_endpoint_auth_signing_alg_values_supported": client.SigningAlgs(),
		"authorization_response_iss_parameter_supported":           true,
		"dpop_signing_alg_values_supported":                        client.SigningAlgs(),
		"backchannel_logout_supported":                             true,
		"backchannel_logout_session_supported":                     true,
	}
	if p.cfg.Registration != registration.Closed {
		about["registration_endpoint"] = at(oauth.RegisterPath)
	}
	return json.Marshal(about)
}

// supportedClaims are the claims that discovery announces.
func supportedClaims() []string {
	return append([]string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"}, scope.Claims(scope.Supported())...)
}

// languages are those that pages are written in.
func languages() []string {
	var tags []string
	for _, l := range templates.Languages() {
		tags = append(tags, l.Tag)
	}
	return tags
}

// documentHeader is what every document has in common. Its values are shared between answers.
var documentHeader = http.Header{
	"Access-Control-Allow-Origin": {"*"}, // public: any browser app may read it
	"Cache-Control":               {"public, max-age=300"},
	"X-Content-Type-Options":      {"nosniff"},
}

var jsonType = []string{"application/json"}

// serve answers with bytes made once, which browsers, clients and caches may keep for a while.
func serve(body []byte, etag string, c *gin.Context) error {
	h := c.Writer.Header()
	maps.Copy(h, documentHeader)
	h.Set("ETag", etag)
	if c.GetHeader("If-None-Match") == etag {
		c.Status(http.StatusNotModified)
		return nil
	}
	h["Content-Type"] = jsonType
	c.Status(http.StatusOK)
	_, err := c.Writer.Write(body)
	return err
}

// discovery answers with the metadata.
func (p *Provider) discovery(c *gin.Context) error {
	return serve(p.about, p.aboutTag, c)
}

// jwks answers with the public signing keys (OIDC Discovery section 3, jwks_uri).
func (p *Provider) jwks(c *gin.Context) error {
	document, err := p.keys.Public(time.Now())
	if err != nil {
		return err
	}
	return serve(document.JSON, document.ETag, c)
}
