package device

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode"
)

// A user code has 8 letters out of 20, which makes 34.5 bits. The letters are consonants, which spell no words and are not mistaken for digits (RFC
// 8628 section 6.1).
const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// newUserCode returns a random user code, without the hyphen.
func newUserCode() string {
	code := make([]byte, userCodeLength)
	for i := range code {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(userCodeLetters))))
		if err != nil {
			panic(err) // crypto/rand never fails
		}
		code[i] = userCodeLetters[n.Int64()]
	}
	return string(code)
}

// formatUserCode returns a user code as people read it, with a hyphen between its halves.
func formatUserCode(code string) string {
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:]
}

// readUserCode returns the user code that somebody typed, in capitals and without the hyphen. It ignores case, blanks and hyphens, and returns an
// empty string for text that cannot be a user code.
func readUserCode(typed string) string {
	var code strings.Builder
	for _, r := range typed {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r):
			continue
		case r >= 'ａ' && r <= 'ｚ', r >= 'Ａ' && r <= 'Ｚ': // as Japanese keyboards write them
			r -= 'Ａ' - 'A'
		}
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		if !strings.ContainsRune(userCodeLetters, r) || code.Len() == userCodeLength {
			return ""
		}
		code.WriteRune(r)
	}
	if code.Len() != userCodeLength {
		return ""
	}
	return code.String()
}
