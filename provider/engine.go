package provider

import (
	"context"
	"net/url"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"

	"github.com/postern-id/postern/provider/client"
)

// newEngine composes fosite from the handlers that Postern wants and nothing else: not the password grant, which would
// walk past the one-time code, nor the JWT bearer grant, which may skip client authentication.
func newEngine(p *Provider) *fosite.Fosite {
	store := engineStorage{p}
	config := &engineConfig{Config: &fosite.Config{
		AccessTokenLifespan:            p.cfg.AccessTokenLife,
		RefreshTokenLifespan:           p.cfg.RefreshAbsolute,
		AuthorizeCodeLifespan:          p.cfg.CodeLife,
		IDTokenLifespan:                p.cfg.IDTokenLife,
		IDTokenIssuer:                  p.cfg.Issuer,
		ScopeStrategy:                  fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:       fosite.ExactAudienceMatchingStrategy,
		RefreshTokenScopes:             []string{"offline_access"},
		RedirectSecureChecker:          redirectSecure,
		EnforcePKCEForPublicClients:    true,
		EnablePKCEPlainChallengeMethod: false,
		OmitRedirectScopeParam:         true,
		DisableRefreshTokenValidation:  true,
		ClientAuthenticationStrategy:   p.authenticateClient,
		AllowedPromptValues:            []string{"none", "login", "consent", "select_account"},
		SanitationWhiteList:            []string{"redirect_uri"},
		TokenURL:                       p.cfg.Issuer + "/oauth2/token",
	}}
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: tokens{p}, RefreshTokenStrategy: tokens{p}, AuthorizeCodeStrategy: tokens{p},
		CoreStorage: store, TokenRevocationStorage: store, Config: config,
	}
	verifier := pkceHandler{&pkce.Handler{AuthorizeCodeStrategy: tokens{p}, Storage: store, Config: config}, p}
	refresh := refreshHandler{&oauth2.RefreshTokenGrantHandler{
		AccessTokenStrategy: tokens{p}, RefreshTokenStrategy: tokens{p}, TokenRevocationStorage: store, Config: config,
	}}
	credentials := clientCredentialsHandler{&oauth2.ClientCredentialsGrantHandler{
		HandleHelper: &oauth2.HandleHelper{AccessTokenStrategy: tokens{p}, AccessTokenStorage: store, Config: config},
		Config:       config,
	}}
	front := frontChannelHandler{code: code, p: p}
	// The order matters: the verifier is compared once the code was found, the ID token made once there is an access token to name.
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, front, verifier}
	config.TokenEndpointHandlers = fosite.TokenEndpointHandlers{code, verifier, refresh, credentials, deviceHandler{p}, idTokenHandler{p}}
	return fosite.NewOAuth2Provider(store, config)
}

// engineConfig answers fosite's questions whose answer depends on the client.
type engineConfig struct{ *fosite.Config }

// GetEnforcePKCE reports whether the client of the request must send a code challenge.
func (c *engineConfig) GetEnforcePKCE(ctx context.Context) bool {
	found := unitOf(ctx).client
	return found == nil || found.PKCERequired
}

// redirectSecure is fosite's second look at a redirect URI. client.MatchRedirectURI has judged it before, by stricter rules.
func redirectSecure(context.Context, *url.URL) bool { return true }

// engineClient shows a client to fosite.
type engineClient struct {
	*client.Client
	// redirectURI is the one asked for, already matched by our own rules: fosite then finds an equal string.
	redirectURI string
}

func (c engineClient) GetID() string                      { return c.ID }
func (c engineClient) GetHashedSecret() []byte            { return nil }
func (c engineClient) GetRedirectURIs() []string          { return []string{c.redirectURI} }
func (c engineClient) GetGrantTypes() fosite.Arguments    { return c.GrantTypes }
func (c engineClient) GetResponseTypes() fosite.Arguments { return c.ResponseTypes }
func (c engineClient) GetScopes() fosite.Arguments        { return fosite.Arguments(c.Scopes) }
func (c engineClient) IsPublic() bool                     { return c.Public() }
func (c engineClient) GetAudience() fosite.Arguments      { return c.Audience }

// GetResponseModes implements fosite.ResponseModeClient.
func (c engineClient) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeQuery}
}
