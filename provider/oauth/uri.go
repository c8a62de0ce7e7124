package oauth

import "net/url"

// WithQuery returns a registered URI with parameters added to its query (RFC 6749 section 3.1.2).
func WithQuery(uri string, parameters url.Values) string {
	separator := "?"
	if target, err := url.Parse(uri); err == nil && (target.RawQuery != "" || target.ForceQuery) {
		separator = "&"
	}
	return uri + separator + parameters.Encode()
}
