package engine

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/storage/audit"
)

// maxVerifierFailures is the number of wrong verifiers after which the grant of a code is revoked. A client that has the right one does not need more
// tries.
const maxVerifierFailures = 3

// pkceHandler is fosite's handler, and counts wrong verifiers.
type pkceHandler struct {
	*pkce.Handler
	e *Engine
}

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h pkceHandler) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	err := h.Handler.HandleTokenEndpointRequest(ctx, request)
	if !errors.Is(err, fosite.ErrInvalidGrant) {
		return err
	}
	u := unitOf(ctx)
	u.why = oauth.CodeVerifier
	failures, countErr := h.e.cfg.Grants.CountCodeFailure(ctx, u.Grant.ID)
	if countErr == nil && failures >= maxVerifierFailures {
		countErr = h.e.endGrant(ctx, u, audit.VerifierGuessed)
	}
	return errors.Join(u.note(countErr), err)
}

// refreshHandler is fosite's handler, and obeys the scope parameter.
type refreshHandler struct {
	*oauth2.RefreshTokenGrantHandler
}

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler. The scope parameter narrows the new access token, never the grant; a scope that
// was not granted is an error (RFC 6749 section 6).
func (h refreshHandler) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	asked := request.GetRequestedScopes()
	if err := h.RefreshTokenGrantHandler.HandleTokenEndpointRequest(ctx, request); err != nil {
		return err
	}
	if len(asked) == 0 {
		return nil
	}
	granted := request.GetGrantedScopes()
	for _, scope := range asked {
		if !slices.Contains(granted, scope) {
			return fosite.ErrInvalidScope
		}
	}
	if narrowed, ok := request.(*fosite.AccessRequest); ok {
		narrowed.GrantedScope = slices.DeleteFunc(slices.Clone(granted), func(scope string) bool { return !slices.Contains(asked, scope) })
	}
	return nil
}

// clientCredentialsHandler is fosite's handler, and also checks the grant type first and grants the requested scopes, which fosite does not. It
// leaves out scopes that the client is not registered for, and those about a person, because there is no person.
type clientCredentialsHandler struct {
	*oauth2.ClientCredentialsGrantHandler
}

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler (RFC 6749 section 4.4.2).
func (h clientCredentialsHandler) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	c := request.GetClient()
	if !slices.Contains(c.GetGrantTypes(), "client_credentials") || c.IsPublic() {
		return fosite.ErrUnauthorizedClient
	}
	asked, about := request.GetRequestedScopes(), scope.Supported()
	granted := slices.DeleteFunc(slices.Clone(asked), func(scope string) bool {
		return slices.Contains(about, scope) || !slices.Contains(c.GetScopes(), scope)
	})
	if len(asked) > 0 && len(granted) == 0 {
		return oauth.RefuseScopes(strings.Join(asked, " "), c.GetScopes())
	}
	request.SetRequestedScopes(granted)
	if err := h.ClientCredentialsGrantHandler.HandleTokenEndpointRequest(ctx, request); err != nil {
		return err
	}
	for _, scope := range granted {
		request.GrantScope(scope)
	}
	return nil
}

// idTokenHandler adds the ID token to the answer of a code, a device code or a refresh token whose grant has the scope openid. Fosite's own handler
// would answer without an ID token if its separate session row is missing.
type idTokenHandler struct{ e *Engine }

// CanSkipClientAuth implements fosite.TokenEndpointHandler.
func (h idTokenHandler) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

// CanHandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h idTokenHandler) CanHandleTokenEndpointRequest(_ context.Context, request fosite.AccessRequester) bool {
	grant := request.GetGrantTypes()
	return grant.ExactOne("authorization_code") || grant.ExactOne("refresh_token") || grant.ExactOne(client.GrantDevice)
}

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler: other handlers have checked the request.
func (h idTokenHandler) HandleTokenEndpointRequest(context.Context, fosite.AccessRequester) error {
	return fosite.ErrUnknownRequest
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler (OIDC Core sections 3.1.3.3 and 12.2).
func (h idTokenHandler) PopulateTokenEndpointResponse(ctx context.Context, request fosite.AccessRequester, response fosite.AccessResponder) error {
	if !h.CanHandleTokenEndpointRequest(ctx, request) || !slices.Contains(request.GetGrantedScopes(), "openid") {
		return fosite.ErrUnknownRequest
	}
	u := unitOf(ctx)
	issue := h.e.cfg.Tokens.IDToken
	if request.GetGrantTypes().ExactOne("refresh_token") {
		issue = h.e.cfg.Tokens.RefreshedIDToken
	}
	idToken, err := issue(u.Client, &u.Grant, u.AccessToken, u.Now)
	if err != nil {
		return err
	}
	response.SetExtra("id_token", idToken)
	return nil
}
