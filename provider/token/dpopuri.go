package token

import (
	"net/url"
	"regexp"
	"strings"
)

// unreserved are the characters that are never percent-encoded (RFC 3986 section 2.3).
const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

var percentEncoded = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// normalURI removes query and fragment from an http or https URI and normalizes it as RFC 3986 sections 6.2.2 and 6.2.3 say, to compare it with the
// htu of a DPoP proof (RFC 9449 section 4.3). ok is false for any other text.
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
	return u.ResolveReference(u).String(), true // resolving removes the dot segments
}
