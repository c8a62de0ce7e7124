package provider

import (
	"context"
	"errors"
	"net/http"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// fromEngine says which refusal stands for an error of fosite. What is not listed is a fault of ours.
var fromEngine = []struct {
	engine *fosite.RFC6749Error
	told   *oauth.Refusal
}{
	{fosite.ErrInvalidClient, oauth.Refuse(oauth.ClientUnknown)},
	{fosite.ErrInvalidGrant, oauth.Refuse(oauth.GrantRefused)},
	{fosite.ErrUnauthorizedClient, oauth.Refuse(oauth.GrantTypeUnregistered)},
	{fosite.ErrUnsupportedGrantType, oauth.Refuse(oauth.GrantTypeUnknown)},
	{fosite.ErrUnsupportedResponseType, oauth.Refuse(oauth.ResponseTypeUnregistered)},
	{fosite.ErrInvalidScope, oauth.Refuse(oauth.ScopeRefused)},
	{fosite.ErrScopeNotGranted, oauth.Refuse(oauth.ScopeRefused).Saying("A scope was not granted.")},
	{fosite.ErrAccessDenied, &oauth.Refusal{
		Rule: oauth.TokenRequestMalformed, Status: http.StatusForbidden, Code: oauth.AccessDenied, Description: "The request was refused.",
	}},
	{fosite.ErrUnsupportedResponseMode, oauth.Refuse(oauth.ResponseMode).Saying("This response mode is not supported for this client.")},
	{fosite.ErrTokenExpired, oauth.Refuse(oauth.CodeExpired).Saying("The code or token has expired.")},
	{fosite.ErrInvalidRequest, oauth.Refuse(oauth.TokenRequestMalformed)},
}

// translate is the one place where an error becomes what a client is told.
func translate(err error) *oauth.Refusal {
	var own *oauth.Refusal
	var engine *fosite.RFC6749Error
	switch {
	// First, so that an outage on the way never looks like a fault of the client.
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return oauth.Refuse(oauth.Outage).Because(err)
	case errors.As(err, &own):
		return own
	case errors.As(err, &engine):
		for _, known := range fromEngine {
			if engine.ErrorField == known.engine.ErrorField {
				return known.told.Because(err)
			}
		}
	}
	return oauth.Refuse(oauth.Fault).Because(err)
}
