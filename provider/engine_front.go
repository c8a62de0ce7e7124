package provider

import (
	"context"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
)

// frontChannelHandler answers the response types whose tokens pass through the browser: implicit and hybrid (OIDC Core sections 3.2
// and 3.3). Fosite's own handlers would make an ID token of claims and keys that are not ours.
type frontChannelHandler struct {
	code *oauth2.AuthorizeExplicitGrantHandler
	p    *Provider
}

// HandleAuthorizeEndpointRequest implements fosite.AuthorizeEndpointHandler. The ID token comes last: it names the others by hash.
func (h frontChannelHandler) HandleAuthorizeEndpointRequest(ctx context.Context, request fosite.AuthorizeRequester, response fosite.AuthorizeResponder) error {
	u := unitOf(ctx)
	types := u.request.types
	if !types.front() {
		return nil
	}
	if types.code {
		if err := h.code.IssueAuthorizeCode(ctx, request, response); err != nil {
			return err
		}
	}
	if types.token {
		if _, _, err := (tokens{h.p}).GenerateAccessToken(ctx, request); err != nil {
			return err
		}
		request.SetResponseTypeHandled("token")
	}
	if types.idToken {
		token, err := h.p.frontIDToken(u)
		if err != nil {
			return err
		}
		u.idToken = token
		request.SetResponseTypeHandled("id_token")
	}
	return nil
}
