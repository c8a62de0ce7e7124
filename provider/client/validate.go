package client

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longestText = 255 // bytes of a name, a scope, a contact or an audience
	longestList = 100 // entries
)

var (
	// scopeToken is scope-token of RFC 6749 section 3.3.
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]+$`)
	printable  = regexp.MustCompile(`^[\x21-\x7e]+$`)
)

// Validate returns why m cannot be registered: a [MetadataError] for each fault, see [Faults]; nil if m is valid.
func (m Metadata) Validate() error {
	var f faults
	if !slices.Contains([]Type{Web, SPA, Native, Service}, m.Type) {
		f.add("client_type", "must be web, spa, native or service")
		return f.err()
	}
	m.checkMembers(&f)
	m.checkGrants(&f)
	m.checkAuthentication(&f)
	m.checkRedirects(&f)
	m.checkSubject(&f)
	m.checkRequests(&f)
	m.checkLogout(&f)
	return f.err()
}

// lineFault says why text is not one line for people to read; empty if it is.
func lineFault(_ Metadata, text string) string {
	if text == "" || !plainText(text) {
		return fmt.Sprintf("must be a text of 1 to %d bytes in one line", longestText)
	}
	return ""
}

func audienceFault(_ Metadata, name string) string {
	if len(name) > longestText || !printable.MatchString(name) {
		return fmt.Sprintf("must be a name of 1 to %d printable ASCII characters without spaces", longestText)
	}
	return ""
}

func pageFault(_ Metadata, uri string) string { return webFault(uri) }

func redirectMemberFault(m Metadata, uri string) string { return redirectFault(m.Type, uri) }

// plainText reports whether text is short and would not break a line, or hide or reorder the text around it, on a consent page or in a log.
func plainText(text string) bool {
	return len(text) <= longestText && utf8.ValidString(text) && strings.TrimSpace(text) == text &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
		})
}

// scopeFault says why a scope cannot be registered; empty if it can. Scopes are case-sensitive, so a scope that differs from a standard one in case
// only would be mistaken for it.
func scopeFault(scope string) string {
	if len(scope) > longestText || !scopeToken.MatchString(scope) {
		return "is not a scope: printable ASCII without spaces, quotes and backslashes"
	}
	for _, standard := range StandardScopes() {
		if strings.EqualFold(scope, standard) && scope != standard {
			return "must be written " + standard
		}
	}
	return ""
}

// scopeSlip returns an error for a scope that is one typo away from a standard one, such as "emial", "profle" or "adress". It would be registered as
// an operator-defined scope, which includes no claims.
func scopeSlip(scope string) error {
	for _, standard := range StandardScopes() {
		if scope != standard && scope != "" && scope[0] == standard[0] && oneSlip(scope, standard) {
			return fmt.Errorf("%.100q is not a standard scope, and too much like one: did you mean %s?", scope, standard)
		}
	}
	return nil
}

// oneSlip reports whether a becomes b by adding, removing or replacing one letter, or by swapping two neighbouring ones.
func oneSlip(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}

// checkGrants checks that grant types and response types match (RFC 7591 section 2.1).
func (m Metadata) checkGrants(f *faults) {
	if len(m.GrantTypes) == 0 {
		f.add("grant_types", "must not be empty")
	}
	needs := map[string]bool{} // grant types without which a response type makes no sense
	for _, response := range m.ResponseTypes {
		for _, word := range strings.Fields(response) {
			needs[map[string]string{"code": GrantCode}[word]] = true
		}
	}
	needs[GrantImplicit] = needs[""]
	switch hasCode := slices.Contains(m.GrantTypes, GrantCode); {
	case m.Type == Service && !slices.Equal(m.GrantTypes, []string{GrantClient}):
		f.add("grant_types", "must be client_credentials alone for a service")
	case hasCode != needs[GrantCode]:
		f.add("response_types", "must include one with code if the grant authorization_code is registered, and otherwise none")
	case slices.Contains(m.GrantTypes, GrantImplicit) != needs[GrantImplicit]:
		f.add("response_types", "must include one with token or id_token if the grant implicit is registered, and otherwise none")
	case !hasCode && !slices.Contains(m.GrantTypes, GrantDevice) && slices.Contains(m.GrantTypes, GrantRefresh):
		f.add("grant_types", "refresh_token needs authorization_code or %s", GrantDevice)
	case needs[GrantImplicit] && m.Type == Native:
		f.add("grant_types", "implicit is not for native apps: any app on the device could get its tokens")
	}
}

func (m Metadata) checkAuthentication(f *faults) {
	switch {
	case (m.Type == SPA || m.Type == Native) && !m.Public():
		f.add("token_endpoint_auth_method", "must be none: a %s client cannot keep a secret", m.Type)
	case m.Public() && slices.Contains(m.GrantTypes, GrantClient):
		// RFC 9700 section 4.15, RFC 6749 section 4.4: only a client that authenticates may act for itself.
		f.add("token_endpoint_auth_method", "must not be none with the grant client_credentials")
	}
	if m.Public() && !m.PKCERequired {
		f.add("require_pkce", "must be true for a client without authentication")
	}
	if m.AuthSigningAlg != "" && m.AuthMethod != AuthPrivateKey {
		f.add("token_endpoint_auth_signing_alg", "is for private_key_jwt only")
	}
	if m.AuthMethod == AuthPrivateKey && len(m.JWKS) == 0 && m.JWKSURI == "" {
		f.add("jwks", "or jwks_uri is needed for private_key_jwt")
	}
	if m.JWKSURI != "" && len(m.JWKS) > 0 {
		f.add("jwks_uri", "must not be set together with jwks")
	}
	if len(m.JWKS) > 0 {
		if _, err := parseJWKS(m.JWKS); err != nil {
			f.add("jwks", "%s", err)
		}
	}
}

// checkRedirects checks that there are redirect URIs if and only if a grant type needs them. Plain http on localhost and loopback addresses is good
// for every response type, for apps in development: OIDC Registration section 2 (application_type) forbids it with the grant implicit, but such an
// answer never leaves the person's device.
func (m Metadata) checkRedirects(f *faults) {
	implicit := slices.Contains(m.GrantTypes, GrantImplicit)
	switch redirects := implicit || slices.Contains(m.GrantTypes, GrantCode); {
	case redirects && len(m.RedirectURIs) == 0:
		f.add("redirect_uris", "must not be empty with the grants authorization_code and implicit")
	case !redirects && len(m.RedirectURIs) > 0:
		f.add("redirect_uris", "are for the grants authorization_code and implicit only")
	}
}

// Faults returns each [MetadataError] in err; nil if err is another error.
func Faults(err error) []*MetadataError {
	var list []*MetadataError
	var one *MetadataError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, part := range joined.Unwrap() {
			list = append(list, Faults(part)...)
		}
	} else if errors.As(err, &one) {
		list = append(list, one)
	}
	return list
}
