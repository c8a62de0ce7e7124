package client

import (
	"regexp"
	"slices"
	"strings"
)

// takenClaims have a meaning in tokens, in answers about tokens or at the UserInfo endpoint (OIDC Core sections 2 and 5.1, RFC 7519 section 4.1, RFC
// 8693 section 4, RFC 7800, RFC 8417 and others). No operator-defined attribute of a person may have one of these names.
var takenClaims = []string{
	"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "typ", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash", "c_hash", "s_hash", "rt_hash",
	"rat", "scope", "client_id", "cnf", "act", "may_act", "sub_jwk", "events", "toe", "txn", "active", "token_type", "username", "userinfo_claims",

	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "gender", "birthdate",
	"zoneinfo", "locale", "updated_at", "email", "email_verified", "address", "phone_number", "phone_number_verified", "groups",
}

var claimName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,127}$`)

// OwnClaim reports whether an operator-defined attribute can be released under this name. The name must differ from those with a meaning in more than
// the case of its letters, because some JSON parsers, such as encoding/json, ignore case.
func OwnClaim(name string) bool {
	return claimName.MatchString(name) && !slices.ContainsFunc(takenClaims, func(taken string) bool { return strings.EqualFold(taken, name) })
}

func ownClaimFault(_ Metadata, name string) string {
	if OwnClaim(name) {
		return ""
	}
	return "is not a name for a claim of your own: standard claims come with their scopes, and others have a meaning in tokens"
}
