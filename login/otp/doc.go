// Package otp owns the arithmetic of the second factor: time-based one-time
// codes (RFC 6238 over RFC 4226), the otpauth URI and QR code by which a key
// reaches an authenticator, and recovery codes.
//
// It is pure: no storage, no clock, no network. The only side effect is
// reading crypto/rand when a key or a set of recovery codes is made. What it
// leaves to package account: sealing keys at rest, keeping the last accepted
// step and moving it forward in one conditional UPDATE, hashing recovery
// codes, counting wrong codes, and telling the owner about them.
//
// A typed code always goes through Normalize (or NormalizeRecovery) first. A code counts as used by its time step, so every spelling of a
// used code is refused.
package otp
