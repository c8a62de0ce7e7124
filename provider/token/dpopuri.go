package token

import (
	"net/url"
	"regexp"
	"strings"
)

// unreserved are the characters that are never percent-encoded (RFC 3986 section 2.3).
const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

var percentEncoded = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// normalURI returns an absolute http URI without query and fragment in the one form of RFC 3986 sections 6.2.2 and 6.2.3, in which
// the htu of a DPoP proof is compared (RFC 9449 section 4.3). ok is false for anything else.
func normalURI(text string) (normal string, ok bool) {
	text, _, _ = strings.Cut(text, "#")
	text, _, _ = strings.Cut(text, "?")
	text = percentEncoded.ReplaceAllStringFunc(text, func(code string) string {
		if char, err := url.PathUnescape(code); err == nil && strings.Trim(char, unreserved) == "" {
			return char
		}
		return strings.ToUpper(code)
	})
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	u.Host = strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		u.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, ":443"), ":")
	case "http":
		u.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, ":80"), ":")
	default:
		return "", false
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u.ResolveReference(u).String(), true // which takes the dot segments out
}
