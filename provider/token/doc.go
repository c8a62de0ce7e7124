// Package token owns codes and tokens. It decides how a code, an access token, a refresh token, an ID token and a logout token are made,
// what they say, how they are read, when they are valid, and how they are bound to a key (DPoP).
//
// An [Issuer] makes and reads the tokens of this server. By default an access token is sealed, so that only this server can read it; for a client
// that is registered for it, it is a signed JWT (RFC 9068). Both name their grant, and [Issuer.Validate] reads that grant for every request, so that
// a revocation takes effect at once. A refresh token is computed from its grant and its number, and not stored.
//
// A [Grant] is the access that a person has given to a client, with the [Detail] of the request that later tokens need.
//
// [Proofs] checks the DPoP proofs (RFC 9449) that come with a request: a [Proof] is valid for one request and can be used once.
//
// It leaves to others which requests get a token (packages engine and exchange), which claims are released (package scope), and the signing keys
// (package keys).
package token
