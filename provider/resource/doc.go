// Package resource owns the endpoints that answer for an access token: UserInfo (OIDC Core section 5.3), which the token itself opens, and
// introspection (RFC 7662) and revocation (RFC 7009), at which clients authenticate. The latter two take refresh tokens as well.
//
// It leaves to others when a token is valid (package token), which claims are released (package scope), and how clients authenticate (package
// clientauth).
package resource
