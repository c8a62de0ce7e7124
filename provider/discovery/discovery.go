package discovery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/keys"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/templates"
)

// Config is what [Documents] needs. Issuer, Keys and Endpoints are required.
type Config struct {
	Issuer           string
	Keys             *keys.Ring
	Endpoints        *oauth.Endpoints
	Registration     bool // whether to announce the registration endpoint
	UnsignedIDTokens bool // whether to announce ID tokens without a signature
}

// Documents serves the metadata and the public keys.
type Documents struct {
	cfg          Config
	metadata     []byte
	metadataETag string
}

// New returns the documents for this configuration. An error says that the metadata cannot be encoded.
func New(cfg Config) (*Documents, error) {
	text, err := json.Marshal(metadataOf(cfg))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return &Documents{cfg: cfg, metadata: text, metadataETag: `"` + hex.EncodeToString(sum[:16]) + `"`}, nil
}

// Mount adds the documents to r, a group at the issuer's path.
func (d *Documents) Mount(r gin.IRouter) {
	for path, handler := range map[string]func(*gin.Context) error{
		"/.well-known/openid-configuration": d.showMetadata, "/.well-known/oauth-authorization-server": d.showMetadata, oauth.JWKSPath: d.showKeys,
	} {
		r.GET(path, d.cfg.Endpoints.Handle(handler))
		r.HEAD(path, d.cfg.Endpoints.Handle(handler))
	}
}

// metadataOf returns the members of the metadata (OIDC Discovery section 3, RFC 8414 section 2). They announce what this configuration serves,
// and nothing else.
func metadataOf(cfg Config) map[string]any {
	at := func(path string) string { return cfg.Issuer + path }
	members := map[string]any{
		"issuer":                                      cfg.Issuer,
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
		"require_pushed_authorization_requests":       false, // a client can require it for itself, with the same member in its registration
		"response_types_supported":                    client.ResponseTypes(),
		"response_modes_supported":                    oauth.ResponseModes(),
		"grant_types_supported":                       client.GrantTypes(),
		"subject_types_supported":                     []string{client.SubjectPublic, client.SubjectPairwise},
		"id_token_signing_alg_values_supported":       cfg.Keys.Algorithms(),
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
	if cfg.UnsignedIDTokens {
		members["id_token_signing_alg_values_supported"] = append(cfg.Keys.Algorithms(), client.AlgNone)
	}
	if cfg.Registration {
		members["registration_endpoint"] = at(oauth.RegisterPath)
	}
	return members
}

// supportedClaims returns the claims that can be in an ID token or a UserInfo response.
func supportedClaims() []string {
	return append([]string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"}, scope.Claims(scope.Supported())...)
}

// languages returns the language tags of the pages.
func languages() []string {
	var tags []string
	for _, l := range templates.Languages() {
		tags = append(tags, l.Tag)
	}
	return tags
}

// documentHeader holds the header fields of every document. Responses share the values, which must not be changed.
var documentHeader = http.Header{
	"Access-Control-Allow-Origin": {"*"}, // public: any browser app may read it
	"Cache-Control":               {"public, max-age=300"},
	"X-Content-Type-Options":      {"nosniff"},
}

var jsonType = []string{"application/json"}

// serve answers with a document, or with status 304 if the client has the one with this entity tag.
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

// showMetadata answers with the metadata.
func (d *Documents) showMetadata(c *gin.Context) error { return serve(d.metadata, d.metadataETag, c) }

// showKeys answers with the public signing keys (OIDC Discovery section 3, jwks_uri).
func (d *Documents) showKeys(c *gin.Context) error {
	document, err := d.cfg.Keys.Public(time.Now())
	if err != nil {
		return err
	}
	return serve(document.JSON, document.ETag, c)
}
