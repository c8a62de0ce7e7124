package provider

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode"
)

// A user code is 8 of 20 letters, 34.5 bits: consonants only, which spell no words and are not mistaken for digits (RFC 8628
// section 6.1).
const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 8
)

// newUserCode makes a user code in its plain form.
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

// showUserCode returns the form that people read: a hyphen between the halves.
func showUserCode(code string) string {
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:]
}

// plainUserCode returns the plain form of a user code as somebody typed it, without regard to case, blanks and hyphens; empty when it
// cannot be one.
func plainUserCode(typed string) string {
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
