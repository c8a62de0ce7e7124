package clientauth

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/go-jose/go-jose/v4"
	josejson "github.com/go-jose/go-jose/v4/json"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/provider/token"
)

// RequestObject returns the payload of a request object that the client signed, or of an unsigned one if the client may send these (RFC 9101). A
// client without a registered algorithm may use any (OIDC Registration section 2), including none: an unsigned object is as good as the parameters of
// a URL. Errors: an [oauth.Refusal].
func (a *Authenticator) RequestObject(ctx context.Context, c *client.Client, object string) ([]byte, error) {
	algorithms := client.SigningAlgs()
	switch {
	case c.RequestObjectAlg == client.AlgNone:
		return unsignedPayload(object)
	case c.RequestObjectAlg != "":
		algorithms = []string{c.RequestObjectAlg}
	case !c.RequireSignedRequestObject:
		if payload, err := unsignedPayload(object); err == nil {
			return payload, nil
		}
	}
	return a.signedPayload(ctx, c, object, algorithms)
}

// signedPayload returns the payload of a request object that a client signed with one of the algorithms.
func (a *Authenticator) signedPayload(ctx context.Context, c *client.Client, object string, algorithms []string) ([]byte, error) {
	var allowed []jose.SignatureAlgorithm
	for _, alg := range algorithms {
		allowed = append(allowed, jose.SignatureAlgorithm(alg))
	}
	signed, err := jose.ParseSignedCompact(object, allowed)
	switch {
	case err != nil:
		return nil, oauth.Refuse(oauth.ObjectAlgorithm)
	case !token.HasType(token.TypeOf(signed), token.TypeRequestObject, token.TypeJWT, ""):
		return nil, oauth.Refuse(oauth.ObjectType)
	case !a.signedBy(ctx, c, signed):
		return nil, oauth.Refuse(oauth.ObjectSignature)
	}
	return signed.UnsafePayloadWithoutVerification(), nil
}

// unsignedPayload reads an unsecured JWT (RFC 7519 section 6).
func unsignedPayload(object string) ([]byte, error) {
	parts := strings.Split(object, ".")
	if len(parts) != 3 || parts[2] != "" {
		return nil, oauth.Refuse(oauth.ObjectSigned)
	}
	head, headErr := base64.RawURLEncoding.Strict().DecodeString(parts[0])
	payload, payloadErr := base64.RawURLEncoding.Strict().DecodeString(parts[1])
	var header struct {
		Algorithm string `json:"alg"`
		Type      any    `json:"typ"`
	}
	switch {
	case headErr != nil, payloadErr != nil, josejson.Unmarshal(head, &header) != nil, header.Algorithm != client.AlgNone:
		return nil, oauth.Refuse(oauth.ObjectMalformed)
	case !token.HasType(header.Type, token.TypeRequestObject, token.TypeJWT, ""):
		return nil, oauth.Refuse(oauth.ObjectType)
	}
	return payload, nil
}
