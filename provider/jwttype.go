package provider

import (
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Types of JWTs, as their header says in typ. A JWT of one kind must never pass for another, whoever signed it (RFC 8725 section 3.11): what is
// read here has the type of its kind, or, of the kinds that are older than their type, none or the one that says nothing.
const (
	anyJWT              = "JWT"                       // RFC 7519 section 5.1; ID tokens have no type of their own
	accessTokenType     = "at+jwt"                    // RFC 9068 section 2.1
	requestObjectType   = "oauth-authz-req+jwt"       // RFC 9101 section 10.8
	dpopProofType       = "dpop+jwt"                  // RFC 9449 section 4.2
	logoutTokenType     = "logout+jwt"                // OIDC Back-Channel Logout section 2.4
	clientAssertionType = "client-authentication+jwt" // the revision of RFC 7523
	userInfoType        = "userinfo+jwt"              // there is no registered one
)

// hasType reports whether a header says one of the types; the empty type stands for a header that says none. Types are compared without regard to
// case, and may be written as whole media types (RFC 7515 section 4.1.9).
func hasType(header any, types ...string) bool {
	if header == nil {
		header = ""
	}
	said, ok := header.(string)
	if ok && len(said) > len("application/") && strings.EqualFold(said[:len("application/")], "application/") {
		said = said[len("application/"):]
	}
	return ok && slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, said) })
}

// typeOf is the type in the header of a JWS.
func typeOf(signed *jose.JSONWebSignature) any {
	return signed.Signatures[0].Protected.ExtraHeaders[jose.HeaderType]
}
