// Package password owns the policy for new passwords and the way they are
// hashed. Check and Strength are the policy. The Hasher makes argon2id
// hashes, checks them and the hashes of other systems, says when a hash is out
// of date, and bounds how much memory and how many cores hashing takes.
//
// It is pure: no storage and no clock. What it leaves to package account:
// storing the hash, replacing an outdated one after a right password, counting
// wrong ones, and calling VerifyNobody so that an unknown user takes as long
// as a known one.
//
// Before anything else a password is brought to Unicode normalization form KC,
// so that every keyboard's spelling of a character is the same password: form
// C unites composed and decomposed characters (RFC 8265 section 4.2.1), KC
// full-width and other compatibility forms too.
//
// The time that a hash of another system takes can be told from that of an own
// one, and so from that of an unknown user, until it is replaced at the first
// sign-in.
package password
