package oauth

import "net/url"

// WithQuery adds parameters to a registered URI. The query that it has is kept (RFC 6749 section 3.1.2).
func WithQuery(uri string, parameters url.Values) string {
	separator := "?"
	if target, err := url.Parse(uri); err == nil && (target.RawQuery != "" || target.ForceQuery) {
		separator = "&"
	}
	return uri + separator + parameters.Encode()
}
