package clientauth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	josejson "github.com/go-jose/go-jose/v4/json"
	josejwt "github.com/go-jose/go-jose/v4/jwt"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
)

// assertionType is the client_assertion_type of private_key_jwt (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Limits of a client assertion.
const (
	longestAssertion = 16 << 10         // bytes
	longestJTI       = 256              // characters
	assertionLife    = 10 * time.Minute // at most, from now
)

// ClientSkew is by how much the clock of a client may be wrong.
const ClientSkew = 10 * time.Second

// assertion is a parsed client assertion. Nothing in it may be trusted before checkAssertion has checked it.
type assertion struct {
	signed *jose.JSONWebSignature
	claims josejwt.Claims
}

// assertionCredentials reads the credentials of private_key_jwt (RFC 7521 section 4.2). The subject is the client; the parameter client_id is
// optional and must be the same.
func assertionCredentials(form url.Values) (credentials, error) {
	a, ok := readAssertion(form.Get("client_assertion"))
	id := a.claims.Subject
	switch {
	case !ok, form.Get("client_assertion_type") != assertionType, id == "", form.Has("client_id") && form.Get("client_id") != id:
		return credentials{}, oauth.Refuse(oauth.CredentialsMalformed)
	}
	return credentials{clientID: id, method: client.AuthPrivateKey, assertion: a}, nil
}

// readAssertion parses an assertion without verifying it. Names of claims are case-sensitive, and no name may be repeated.
func readAssertion(text string) (a assertion, ok bool) {
	if len(text) > longestAssertion {
		return a, false
	}
	var algorithms []jose.SignatureAlgorithm
	for _, alg := range client.SigningAlgs() {
		algorithms = append(algorithms, jose.SignatureAlgorithm(alg))
	}
	signed, err := jose.ParseSignedCompact(text, algorithms)
	if err != nil || josejson.Unmarshal(signed.UnsafePayloadWithoutVerification(), &a.claims) != nil {
		return assertion{}, false
	}
	a.signed = signed
	return a, true
}

// checkAssertion returns why an assertion does not authenticate the client. It returns nil if the client signed it for this server recently and has
// not used it before (RFC 7523 section 3, OIDC Core section 9). Only an assertion that is valid otherwise costs a statement.
func (a *Authenticator) checkAssertion(ctx context.Context, c *client.Client, given assertion, now time.Time) (*oauth.Refusal, error) {
	if fault := a.assertionFault(c, given, now); fault != nil {
		return fault, nil
	}
	alg := given.signed.Signatures[0].Protected.Algorithm
	if c.AuthSigningAlg != "" && c.AuthSigningAlg != alg || !a.signedBy(ctx, c, given.signed) {
		return oauth.Refuse(oauth.AssertionSignature).Compare(alg, c.AuthSigningAlg), nil
	}
	err := a.cfg.JTIs.SpendAssertion(ctx, c.ID, given.claims.ID, given.claims.Expiry.Time().Add(ClientSkew))
	if errors.Is(err, storage.ErrConflict) {
		return oauth.Refuse(oauth.AssertionUsed), nil
	}
	return nil, err
}

// assertionFault returns what is wrong with the claims of an assertion, or nil.
func (a *Authenticator) assertionFault(c *client.Client, given assertion, now time.Time) *oauth.Refusal {
	soon := now.Add(ClientSkew)
	claims := given.claims
	switch {
	case !token.HasType(token.TypeOf(given.signed), token.TypeClientAssertion, token.TypeJWT, ""):
		return oauth.Refuse(oauth.AssertionType)
	case claims.Subject != c.ID, claims.Issuer != c.ID:
		return oauth.Refuse(oauth.AssertionIssuer).Compare(claims.Issuer, c.ID)
	case len(claims.Audience) == 0, slices.ContainsFunc(claims.Audience, a.foreign):
		return oauth.Refuse(oauth.AssertionAudience).Compare(strings.Join(claims.Audience, " "), a.cfg.Issuer)
	case claims.Expiry == nil, !now.Add(-ClientSkew).Before(claims.Expiry.Time()):
		return oauth.Refuse(oauth.AssertionExpired)
	case claims.Expiry.Time().After(now.Add(assertionLife)):
		return oauth.Refuse(oauth.AssertionTooLong)
	case claims.IssuedAt != nil && claims.IssuedAt.Time().After(soon), claims.NotBefore != nil && claims.NotBefore.Time().After(soon):
		return oauth.Refuse(oauth.AssertionEarly)
	case claims.ID == "", utf8.RuneCountInString(claims.ID) > longestJTI:
		return oauth.Refuse(oauth.AssertionID)
	}
	return nil
}

// foreign reports whether an audience is another server. That server could use an assertion with both audiences here.
func (a *Authenticator) foreign(audience string) bool {
	return audience != a.cfg.Issuer && audience != a.cfg.Issuer+oauth.TokenPath
}
