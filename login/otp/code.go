package otp

import "unicode"

// maxTyped is the maximum length of a typed code, in bytes: ten symbols of three bytes each with a blank of three bytes after each one, and
// a little more.
const maxTyped = 64

// Normalize turns a typed one-time code into exactly digits ASCII digits.
// Blanks (any Unicode space) and hyphens are dropped; full-width and both
// kinds of Arabic-Indic digits become ASCII. Everything else, zero-width
// characters and signs included, and any other number of digits is
// ErrMalformedCode. Normalizing a normalized code changes nothing.
func Normalize(typed string, digits int) (string, error) {
	symbols, err := fold(typed)
	if err != nil || len(symbols) != digits {
		return "", ErrMalformedCode
	}
	for _, c := range symbols {
		if c < '0' || c > '9' {
			return "", ErrMalformedCode
		}
	}
	return string(symbols), nil
}

// fold drops blanks and hyphens and maps the rest to ASCII digits and
// lower-case ASCII letters; anything else is ErrMalformedCode.
func fold(typed string) ([]byte, error) {
	if len(typed) > maxTyped {
		return nil, ErrMalformedCode
	}
	symbols := make([]byte, 0, len(typed))
	for _, r := range typed {
		if unicode.IsSpace(r) || isHyphen(r) {
			continue
		}
		symbol, ok := foldSymbol(r)
		if !ok {
			return nil, ErrMalformedCode
		}
		symbols = append(symbols, symbol)
	}
	return symbols, nil
}

func isHyphen(r rune) bool {
	switch r {
	case '-',
		'\u2010', // hyphen
		'\u2011', // non-breaking hyphen
		'\u2012', // figure dash
		'\u2013', // en dash, put in by automatic correction
		'\uFF0D': // full-width hyphen-minus
		return true
	}
	return false
}

func foldSymbol(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z':
		return byte(r), true
	case r >= 'A' && r <= 'Z':
		return byte(r-'A') + 'a', true
	case r >= '\uFF10' && r <= '\uFF19': // full-width digits
		return byte(r-'\uFF10') + '0', true
	case r >= '\u0660' && r <= '\u0669': // Arabic-Indic digits
		return byte(r-'\u0660') + '0', true
	case r >= '\u06F0' && r <= '\u06F9': // extended Arabic-Indic digits
		return byte(r-'\u06F0') + '0', true
	case r >= '\uFF21' && r <= '\uFF3A': // full-width capitals
		return byte(r-'\uFF21') + 'a', true
	case r >= '\uFF41' && r <= '\uFF5A': // full-width small letters
		return byte(r-'\uFF41') + 'a', true
	}
	return 0, false
}
