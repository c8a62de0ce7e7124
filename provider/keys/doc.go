// Package keys owns the keys that sign tokens: making, announcing, choosing, retiring and publishing them, and signing and
// verifying with them. All tokens are JWS in compact form (RFC 7515 section 3.1) with one signature.
//
// Each algorithm has its own keys, one after another, so that each published JWK has one alg and a strict client can verify every token. A key is
// published some time before it signs, so that clients that cache the JWK Set know it when they need it, and stays published after its retirement
// until the last token that it signed has expired. The private parts are stored sealed in the database, which all replicas share; the parsed keys
// stay in memory and are read again after a change.
//
// A stored key that cannot be decrypted, is weak, or has parts that do not match is not used at all: it neither signs nor verifies, and is not
// published. The other keys stay in use.
//
// It leaves to package token what the tokens say.
package keys
