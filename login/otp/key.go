package otp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	newSecretBytes = 20  // RFC 4226 section 4, R6: 160 bits are recommended
	minSecretBytes = 16  // and 128 required
	shortBytes     = 10  // of older systems' keys, accepted until they are renewed
	maxSecretBytes = 128 // the block of SHA-512; a longer HMAC key adds nothing
)

var secretEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Key is a shared secret and how codes are computed from it.
type Key struct {
	Secret []byte
	Parameters
	// Short keys of another system are accepted with 10 bytes or more.
	Short bool
}

// NewKey returns a key with a fresh random secret of 20 bytes.
func NewKey(p Parameters) Key {
	secret := make([]byte, newSecretBytes)
	rand.Read(secret) // never fails: crypto/rand ends the process instead
	return Key{Secret: secret, Parameters: p}
}

// Validate returns ErrShortSecret or ErrParameters if no code of the key may
// be accepted. Match and Drift refuse such a key without saying why; code that
// loads a key from storage calls Validate to log it.
func (k Key) Validate() error {
	if len(k.Secret) < leastBytes(k.Short) {
		return ErrShortSecret
	}
	return k.Parameters.Validate()
}

func leastBytes(short bool) int {
	if short {
		return shortBytes
	}
	return minSecretBytes
}

// SharesCodes reports whether a code of one key tells a code of the other:
// both count the same steps with the same secret. A code of six digits is the
// end of the code of eight.
func (k Key) SharesCodes(other Key) bool {
	return k.SameSecret(other) && k.Algorithm == other.Algorithm && k.Period == other.Period
}

// SameSecret reports whether two keys have the same secret.
func (k Key) SameSecret(other Key) bool {
	return subtle.ConstantTimeCompare(k.Secret, other.Secret) == 1
}

// Base32 returns the secret in the base32 alphabet of RFC 4648, upper case,
// without padding.
func (k Key) Base32() string {
	return secretEncoding.EncodeToString(k.Secret)
}

// Groups returns Base32 for a person who types it: groups of four separated
// by one space. The last group may be shorter.
func (k Key) Groups() string {
	text := k.Base32()
	var b strings.Builder
	for len(text) > 4 {
		b.WriteString(text[:4])
		b.WriteByte(' ')
		text = text[4:]
	}
	b.WriteString(text)
	return b.String()
}

// Step returns the number of the time step that now falls into, counted from
// the Unix epoch (RFC 6238 section 4.2). It is negative before 1970. The
// parameters must be valid.
func (p Parameters) Step(now time.Time) int64 {
	seconds, period := now.Unix(), int64(p.Period)
	step := seconds / period
	if seconds%period < 0 {
		step--
	}
	return step
}

// CodeAt returns the code that an authenticator with a right clock shows at
// now. It returns the errors of Code.
func (k Key) CodeAt(now time.Time) (string, error) {
	if err := k.Validate(); err != nil {
		return "", err
	}
	return k.Code(k.Step(now))
}

// Code returns the code of a time step: exactly Digits ASCII digits. It
// returns ErrShortSecret or ErrParameters for an unusable key, and an error
// for a negative step.
func (k Key) Code(step int64) (string, error) {
	if err := k.Validate(); err != nil {
		return "", err
	}
	if step < 0 {
		return "", fmt.Errorf("otp: step %d lies before the epoch", step)
	}
	algorithm, _ := k.algorithm()
	return hotp.GenerateCodeCustom(k.Base32(), uint64(step), hotp.ValidateOpts{
		Digits:    otp.Digits(k.Digits),
		Algorithm: algorithm,
	})
}
