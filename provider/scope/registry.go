package scope

import (
	"slices"

	"github.com/postern-id/postern/provider/client"
)

// OpenID is the scope of every OpenID Connect request (OIDC Core section 3.1.2.1).
const OpenID = "openid"

// claim is a standard claim of a scope.
type claim struct {
	name   string
	words  string // key of the message that asks for this claim alone
	within string // key of the message of another claim that includes this one; empty: there is none
}

// registry lists the scopes that this server knows, in the order in which the discovery document announces them, with the claims of each (OIDC Core
// section 5.4; groups is a convention). The key of a scope's message is "scope." and its name.
var registry = []struct {
	scope  string
	claims []claim
}{
	{OpenID, nil},
	{"profile", []claim{
		{name: "name", words: "scope.name"},
		{name: "given_name", words: "scope.name"},
		{name: "family_name", words: "scope.name"},
		{name: "middle_name", words: "scope.name"},
		{name: "nickname", words: "scope.nickname"},
		{name: "preferred_username", words: "scope.username"},
		{name: "profile", words: "scope.pages"},
		{name: "picture", words: "scope.picture"},
		{name: "website", words: "scope.pages"},
		{name: "gender", words: "scope.gender"},
		{name: "birthdate", words: "scope.birthdate"},
		{name: "zoneinfo", words: "scope.zoneinfo"},
		{name: "locale", words: "scope.locale"},
		{name: "updated_at", words: "scope.updated_at"},
	}},
	{"email", []claim{
		{name: "email", words: "scope.email"},
		{name: "email_verified", words: "scope.email_verified", within: "scope.email"},
	}},
	{"address", []claim{{name: "address", words: "scope.address"}}},
	{"phone", []claim{
		{name: "phone_number", words: "scope.phone"},
		{name: "phone_number_verified", words: "scope.phone_verified", within: "scope.phone"},
	}},
	{"groups", []claim{{name: "groups", words: "scope.groups"}}},
	{"offline_access", nil},
}

// Supported returns the scopes that this server knows. A client may be registered for others, which mean something to its resource servers.
func Supported() []string {
	scopes := make([]string, len(registry))
	for i, entry := range registry {
		scopes[i] = entry.scope
	}
	return scopes
}

// Claims returns the claims that the scopes include. A scope that this server does not know includes no claims.
func Claims(scopes []string) []string {
	var names []string
	for _, entry := range registry {
		if !slices.Contains(scopes, entry.scope) {
			continue
		}
		for _, c := range entry.claims {
			names = append(names, c.name)
		}
	}
	return names
}

// may reports whether a client is registered for a claim: for a scope that includes it or, if it is operator-defined, for the claim itself.
func may(c *client.Client, name string) bool {
	if slices.Contains(Claims(c.Scopes), name) {
		return true
	}
	return client.OwnClaim(name) && slices.Contains(c.Claims, name)
}
