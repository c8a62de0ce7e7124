package storage

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// CanonicalName returns the form in which user names and e-mail addresses are compared: compatibility-composed (NFKC) and case-folded, with
// the domain in ASCII. So the names of two accounts never differ only in ways that people cannot see or do not type, and a mailbox has one
// account.
func CanonicalName(name string) string {
	name = norm.NFKC.String(name)
	if local, domain, found := cutAddress(name); found {
		if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
			return fold(local) + "@" + ascii
		}
	}
	return fold(name)
}

func fold(text string) string {
	folded := cases.Fold().String(text)
	return norm.NFKC.String(strings.ToLower(folded)) // cases.Fold swaps the cases of Cherokee letters
}

// cutAddress splits an e-mail address at its last @.
func cutAddress(address string) (local, domain string, found bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", "", false
	}
	return address[:at], address[at+1:], true
}

// MailAddress returns an e-mail address with its domain in ASCII (RFC 5890 section 2.3.2.1), which every mail server accepts. The local
// part stays as it is (RFC 6531). ok is false if the address has no such form.
func MailAddress(address string) (ascii string, ok bool) {
	local, domain, found := cutAddress(address)
	if !found || local == "" {
		return "", false
	}
	if isASCII(domain) {
		return local + "@" + domain, true
	}
	domain, err := idna.Lookup.ToASCII(domain)
	return local + "@" + domain, err == nil
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}
