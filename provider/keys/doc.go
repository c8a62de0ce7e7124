// Package keys owns the keys that sign tokens: making, announcing, choosing, retiring and publishing them, and signing and
// verifying with them. All tokens are JWS in compact form (RFC 7515 section 3.1) with one signature.
//
// There is one line of keys for each algorithm, so that each published JWK has one alg and a strict client verifies every
// token with it. A key is published some time before it signs, so that clients that cache the JWK Set know it when they
// need it, and after it has retired until the last token it signed has expired. The private parts live sealed in the
// database, which all replicas share; what is parsed stays in memory and is read again when it was changed.
//
// A stored key that does not open, is weak, or whose parts do not belong together is not used at all, neither to sign nor
// to verify nor to publish; the others are.
//
// What it leaves to package token: what the tokens say.
package keys
