package engine

import (
	"context"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/clientauth"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// Config is what an [Engine] needs. Every field is required.
type Config struct {
	Issuer  string
	Grants  Grants // [storage.Grants], or a wrapper in tests
	Devices *storage.Devices
	Clients *client.Registry
	Auth    *clientauth.Authenticator
	Tokens  *token.Issuer
	Proofs  *token.Proofs

	CodeLife        time.Duration
	AccessTokenLife time.Duration
	RefreshAbsolute time.Duration
}

// Grants is the part of [storage.Grants] that an [Engine] uses.
type Grants interface {
	// ByCode returns the grant of a code. Errors: [storage.ErrNotFound] if the code is unknown.
	ByCode(ctx context.Context, codeHash []byte) (storage.GrantState, error)
	// ByID returns a grant. Errors: [storage.ErrNotFound] if it does not exist or no longer exists.
	ByID(ctx context.Context, id, tokenID string) (storage.GrantState, error)
	// CountCodeFailure counts a wrong verifier and returns their number.
	CountCodeFailure(ctx context.Context, id string) (int, error)
}

// Engine makes the contents of authorization responses and token responses.
type Engine struct {
	cfg    Config
	fosite *fosite.Fosite
}

// New composes fosite from the handlers that are wanted. It leaves out the password grant, which would bypass the one-time code, and the JWT bearer
// grant, which may skip client authentication.
func New(cfg Config) *Engine {
	e := &Engine{cfg: cfg}
	store := adapter{e}
	config := &settings{Config: &fosite.Config{
		AccessTokenLifespan:            cfg.AccessTokenLife,
		RefreshTokenLifespan:           cfg.RefreshAbsolute,
		AuthorizeCodeLifespan:          cfg.CodeLife,
		ScopeStrategy:                  fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:       fosite.ExactAudienceMatchingStrategy,
		RefreshTokenScopes:             []string{"offline_access"},
		RedirectSecureChecker:          redirectSecure,
		EnforcePKCEForPublicClients:    true,
		EnablePKCEPlainChallengeMethod: false,
		OmitRedirectScopeParam:         true,
		DisableRefreshTokenValidation:  true,
		ClientAuthenticationStrategy:   e.authenticateClient,
		AllowedPromptValues:            []string{"none", "login", "consent", "select_account"},
		SanitationWhiteList:            []string{"redirect_uri"},
		TokenURL:                       cfg.Issuer + oauth.TokenPath,
	}}
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: strategy{e}, RefreshTokenStrategy: strategy{e}, AuthorizeCodeStrategy: strategy{e},
		CoreStorage: store, TokenRevocationStorage: store, Config: config,
	}
	verifier := pkceHandler{&pkce.Handler{AuthorizeCodeStrategy: strategy{e}, Storage: store, Config: config}, e}
	refresh := refreshHandler{&oauth2.RefreshTokenGrantHandler{
		AccessTokenStrategy: strategy{e}, RefreshTokenStrategy: strategy{e}, TokenRevocationStorage: store, Config: config,
	}}
	credentials := clientCredentialsHandler{&oauth2.ClientCredentialsGrantHandler{
		HandleHelper: &oauth2.HandleHelper{AccessTokenStrategy: strategy{e}, AccessTokenStorage: store, Config: config},
		Config:       config,
	}}
	front := frontChannelHandler{code: code, e: e}
	// The order matters: the verifier is compared after the code was found, and the ID token is made after the access token, which it names.
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, front, verifier}
	config.TokenEndpointHandlers = fosite.TokenEndpointHandlers{code, verifier, refresh, credentials, deviceHandler{e}, idTokenHandler{e}}
	e.fosite = fosite.NewOAuth2Provider(store, config)
	return e
}

// settings is fosite's configuration, with answers that depend on the client.
type settings struct{ *fosite.Config }

// GetEnforcePKCE reports whether the client of the request must send a code challenge.
func (c *settings) GetEnforcePKCE(ctx context.Context) bool {
	found := unitOf(ctx).Client
	return found == nil || found.PKCERequired
}

// redirectSecure accepts every redirect URI: [client.MatchRedirectURI] has already checked it, with stricter rules than fosite's.
func redirectSecure(context.Context, *url.URL) bool { return true }

// fositeClient is a client as fosite sees it.
type fositeClient struct {
	*client.Client
	// redirectURI is the one in the request, which [client.MatchRedirectURI] has accepted: fosite then finds an equal string.
	redirectURI string
}

func (c fositeClient) GetID() string                      { return c.ID }
func (c fositeClient) GetHashedSecret() []byte            { return nil }
func (c fositeClient) GetRedirectURIs() []string          { return []string{c.redirectURI} }
func (c fositeClient) GetGrantTypes() fosite.Arguments    { return c.GrantTypes }
func (c fositeClient) GetResponseTypes() fosite.Arguments { return c.ResponseTypes }
func (c fositeClient) GetScopes() fosite.Arguments        { return fosite.Arguments(c.Scopes) }
func (c fositeClient) IsPublic() bool                     { return c.Public() }
func (c fositeClient) GetAudience() fosite.Arguments      { return c.Audience }

// GetResponseModes implements fosite.ResponseModeClient.
func (c fositeClient) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeQuery}
}
