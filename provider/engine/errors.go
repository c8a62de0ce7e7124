package engine

import (
	"errors"
	"net/http"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/provider/oauth"
)

// fromEngine lists the refusal for each error of fosite. An error that is not listed is a fault of this server.
var fromEngine = []struct {
	fault *fosite.RFC6749Error
	told  *oauth.Refusal
}{
	{fosite.ErrInvalidClient, oauth.Refuse(oauth.ClientUnknown)},
	{fosite.ErrInvalidGrant, oauth.Refuse(oauth.GrantRefused)},
	{fosite.ErrUnauthorizedClient, oauth.Refuse(oauth.GrantTypeUnregistered)},
	{fosite.ErrUnsupportedGrantType, oauth.Refuse(oauth.GrantTypeUnknown)},
	{fosite.ErrUnsupportedResponseType, oauth.Refuse(oauth.ResponseTypeUnregistered)},
	{fosite.ErrInvalidScope, oauth.Refuse(oauth.ScopeRefused)},
	{fosite.ErrScopeNotGranted, oauth.Refuse(oauth.ScopeRefused)},
	{fosite.ErrAccessDenied, &oauth.Refusal{
		Rule: oauth.TokenRequestMalformed, Status: http.StatusForbidden, Code: oauth.AccessDenied, Description: "The request was refused.",
	}},
	{fosite.ErrUnsupportedResponseMode, oauth.Refuse(oauth.ResponseMode).Saying("This response mode is not supported for this client.")},
	{fosite.ErrTokenExpired, oauth.Refuse(oauth.CodeExpired).Saying("The code or token has expired.")},
	{fosite.ErrInvalidRequest, oauth.Refuse(oauth.TokenRequestMalformed)},
}

// fromFosite returns the refusal for an error of fosite, and any other error unchanged.
func fromFosite(err error) error {
	var fault *fosite.RFC6749Error
	if err == nil || oauth.RefusalOf(err).Rule != oauth.Fault || !errors.As(err, &fault) {
		return err
	}
	for _, known := range fromEngine {
		if fault.ErrorField == known.fault.ErrorField {
			return known.told.Because(err)
		}
	}
	return err
}
