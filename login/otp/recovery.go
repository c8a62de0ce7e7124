package otp

import (
	"crypto/rand"
	"strings"
)

const (
	recoveryCodes   = 10
	recoverySymbols = 10 // of 5 bits each

	// recoveryAlphabet is Crockford's base32 in lower case: no i, l, o, which
	// are read as digits, and no u.
	recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

// NewRecoveryCodes returns ten random recovery codes of 50 bits each, in the
// form xxxxx-xxxxx in which they are shown once. What is hashed and stored is
// NormalizeRecovery of each.
func NewRecoveryCodes() []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
	}
	return codes
}

func newRecoveryCode() string {
	symbols := make([]byte, recoverySymbols)
	rand.Read(symbols) // never fails: crypto/rand ends the process instead
	for i, b := range symbols {
		symbols[i] = recoveryAlphabet[b%byte(len(recoveryAlphabet))] // 32 divides 256: no bias
	}
	half := recoverySymbols / 2
	return string(symbols[:half]) + "-" + string(symbols[half:])
}

// NormalizeRecovery turns a typed recovery code into its ten symbols: lower
// case, without blanks and hyphens, full-width forms as ASCII, i and l read as
// 1 and o as 0. Anything else is ErrMalformedCode. Normalizing a normalized
// code changes nothing.
func NormalizeRecovery(typed string) (string, error) {
	symbols, err := fold(typed)
	if err != nil || len(symbols) != recoverySymbols {
		return "", ErrMalformedCode
	}
	for i, symbol := range symbols {
		switch symbol {
		case 'i', 'l':
			symbols[i] = '1'
		case 'o':
			symbols[i] = '0'
		}
		if strings.IndexByte(recoveryAlphabet, symbols[i]) < 0 {
			return "", ErrMalformedCode
		}
	}
	return string(symbols), nil
}
