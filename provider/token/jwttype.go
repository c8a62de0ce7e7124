package token

import (
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Types of JWTs, as their header says in typ. A JWT of one kind must never pass for another, even if the signature is valid (RFC 8725 section 3.11): a token
// must have the type of its kind; kinds that are older than their type may have no type or the general one.
const (
	TypeJWT             = "JWT"                       // RFC 7519 section 5.1; ID tokens have no type of their own
	TypeRequestObject   = "oauth-authz-req+jwt"       // RFC 9101 section 10.8
	TypeClientAssertion = "client-authentication+jwt" // the revision of RFC 7523

	accessTokenType = "at+jwt"       // RFC 9068 section 2.1
	dpopProofType   = "dpop+jwt"     // RFC 9449 section 4.2
	logoutTokenType = "logout+jwt"   // OIDC Back-Channel Logout section 2.4
	userInfoType    = "userinfo+jwt" // there is no registered one
)

// HasType reports whether typ, as a header has it, is one of the types; nil and the empty type stand for a header without typ. Types are compared
// without regard to case, and may be written as whole media types (RFC 7515 section 4.1.9).
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

// TypeOf returns typ in the header of a JWS; nil when it is not there.
func TypeOf(signed *jose.JSONWebSignature) any {
	return signed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType]
}
