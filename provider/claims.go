package provider

import (
	"errors"
	"net/url"
	"slices"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
)

// Authentication context classes: our own, and the one of REFEDS for clients that ask for it by name.
const (
	acrMFA   = "urn:postern:acr:mfa"
	acrREFED = "https://refeds.org/profile/mfa"
)

// acrFor returns the class an ID token names. Every sign-in has shown both factors, so it always is one of these; which
// one is a matter of the language that the client speaks.
func acrFor(asked []string) string {
	if i := slices.IndexFunc(asked, isOurACR); i >= 0 {
		return asked[i]
	}
	return acrMFA
}

func isOurACR(acr string) bool { return acr == acrMFA || acr == acrREFED }

// supportedClaims are the claims that discovery announces.
func supportedClaims() []string {
	return append([]string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"}, scope.Claims(scope.Supported())...)
}

// scopesOf reads the scope parameter.
func scopesOf(text string, c *client.Client) ([]string, error) {
	scopes, err := scope.Read(text, c)
	switch {
	case errors.Is(err, scope.ErrUnregistered):
		return nil, oauth.Refuse(oauth.ScopeUnregistered).Compare(text, c.Scopes...)
	case errors.Is(err, scope.ErrNone):
		return nil, oauth.Refuse(oauth.ScopeMissing)
	}
	return scopes, err
}

// wishesOf reads the claims parameter.
func wishesOf(text string) (scope.Parameter, error) {
	parameter, err := scope.ParseParameter(text)
	if err != nil {
		return scope.Parameter{}, oauth.Refuse(oauth.ClaimsMalformed)
	}
	if _, err := parameter.Subject(); err != nil {
		return scope.Parameter{}, oauth.Refuse(oauth.ClaimsSeveralSubjects)
	}
	// OIDC Core section 5.5.1.1: an essential class that cannot be met is a failed authentication.
	if acr := parameter.IDToken["acr"]; acr.Essential && len(acr.Values) > 0 && !slices.ContainsFunc(acr.Values, isOurACR) {
		return scope.Parameter{}, oauth.Refuse(oauth.ClaimsACR)
	}
	return parameter, nil
}

// askedOf returns what the parameters of a valid request, or of a device's, ask for about the person.
func askedOf(form url.Values, c *client.Client, scopes []string, parameter scope.Parameter) scope.Asked {
	types, _ := responseTypesOf(form.Get("response_type"))
	return scope.Ask(scopes, parameter, c, types.code || types.token || form.Has(deviceField))
}
