package token

import (
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Values of typ in the header of a JWT. A JWT of one kind must never pass for another, even if its signature is valid (RFC 8725 section 3.11), so
// each must have the type of its kind. A kind that is older than its type may also have the general type or no typ.
const (
	TypeJWT             = "JWT"                       // RFC 7519 section 5.1; ID tokens have no type of their own
	TypeRequestObject   = "oauth-authz-req+jwt"       // RFC 9101 section 10.8
	TypeClientAssertion = "client-authentication+jwt" // the revision of RFC 7523

	accessTokenType = "at+jwt"       // RFC 9068 section 2.1
	dpopProofType   = "dpop+jwt"     // RFC 9449 section 4.2
	logoutTokenType = "logout+jwt"   // OIDC Back-Channel Logout section 2.4
	userInfoType    = "userinfo+jwt" // no type is registered for it
)

// HasType reports whether typ, the value in a header, is one of the types. A nil typ, and an empty one in types, stand for a header without typ. Case
// does not matter, and typ may be a whole media type (RFC 7515 section 4.1.9).
func HasType(typ any, types ...string) bool {
	if typ == nil {
		typ = ""
	}
	said, ok := typ.(string)
	if ok && len(said) > len("application/") && strings.EqualFold(said[:len("application/")], "application/") {
		said = said[len("application/"):]
	}
	return ok && slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, said) })
}

// TypeOf returns typ in the header of a JWS; nil if it is missing.
func TypeOf(signed *jose.JSONWebSignature) any {
	return signed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType]
}
