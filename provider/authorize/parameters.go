package authorize

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/scope"
	"github.com/postern-id/postern/provider/token"
)

// sameSubject returns the subject that the request asks for by id_token_hint or by sub in the parameter claims. Errors: an [oauth.Refusal] if they
// differ.
func sameSubject(hint, claimed string) (string, error) {
	if hint != "" && claimed != "" && hint != claimed {
		return "", oauth.Refuse(oauth.HintOfAnotherSubject)
	}
	return cmp.Or(hint, claimed), nil
}

// challengeOf checks the code challenge: S256 only, 43 characters of base64url (RFC 7636 sections 4.2 and 4.3).
func challengeOf(form url.Values, c *client.Client, types oauth.ResponseTypes) (string, error) {
	challenge, method := form.Get("code_challenge"), form.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "" && (!types.Code || !c.PKCERequired): // without a code, no verifier is ever sent
		return "", nil
	case challenge == "":
		return "", oauth.Refuse(oauth.ChallengeMissing)
	case method != "S256":
		return "", oauth.Refuse(oauth.ChallengeMethod).Compare(method, "S256")
	case len(challenge) != 43 || strings.Trim(challenge, base64URL) != "":
		return "", oauth.Refuse(oauth.ChallengeMalformed)
	}
	return challenge, nil
}

// jktOf checks the parameter dpop_jkt, a SHA-256 thumbprint in base64url (RFC 9449 section 10).
func jktOf(text string) (string, error) {
	if text != "" && (len(text) != 43 || strings.Trim(text, base64URL) != "") {
		return "", oauth.Refuse(oauth.ThumbprintMalformed)
	}
	return text, nil
}

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// readClaims reads the claims parameter.
func readClaims(text string) (scope.Parameter, error) {
	parameter, err := scope.ParseParameter(text)
	if err != nil {
		return scope.Parameter{}, oauth.Refuse(oauth.ClaimsMalformed)
	}
	if _, err := parameter.Subject(); err != nil {
		return scope.Parameter{}, oauth.Refuse(oauth.ClaimsSeveralSubjects)
	}
	// OIDC Core section 5.5.1.1: an essential class that cannot be met is a failed authentication.
	if acr := parameter.IDToken["acr"]; acr.Essential && len(acr.Values) > 0 && !slices.ContainsFunc(acr.Values, token.KnownACR) {
		return scope.Parameter{}, oauth.Refuse(oauth.ClaimsACR)
	}
	return parameter, nil
}
