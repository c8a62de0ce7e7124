package client

import (
	"errors"
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

// Validate reports everything that keeps m from being registered: a *MetadataError for each fault, joined; nil when there is none.
func (m Metadata) Validate() error {
	var f faults
	if !slices.Contains([]Type{Web, SPA, Native, Service}, m.Type) {
		f.add("client_type", "must be web, spa, native or service")
		return f.err()
	}
	m.checkTexts(&f)
	m.checkChoices(&f)
	m.checkGrants(&f)
	m.checkAuthentication(&f)
	m.checkRedirects(&f)
	m.checkSubject(&f)
	m.checkRequests(&f)
	m.checkLogout(&f)
	return f.err()
}

func (m Metadata) checkTexts(f *faults) {
	if m.Name == "" || !plainText(m.Name) {
		f.add("client_name", "must be a text of 1 to %d bytes in one line", longestText)
	}
	for _, contact := range m.Contacts {
		if contact == "" || !plainText(contact) {
			f.add("contacts", "must be texts of 1 to %d bytes in one line", longestText)
			break
		}
	}
	checkList(f, "contacts", m.Contacts)
	checkList(f, "audience", m.Audience)
	for _, audience := range m.Audience {
		if len(audience) > longestText || !printable.MatchString(audience) {
			f.add("audience", "must be names of 1 to %d printable ASCII characters without spaces", longestText)
			break
		}
	}
	checkList(f, "scope", m.Scopes)
	for _, scope := range m.Scopes {
		if fault := scopeFault(scope); fault != "" {
			f.add("scope", "%.100q %s", scope, fault)
		}
	}
	for _, page := range []struct{ field, uri string }{
		{"client_uri", m.ClientURI}, {"logo_uri", m.LogoURI}, {"policy_uri", m.PolicyURI}, {"tos_uri", m.TOSURI},
		{"initiate_login_uri", m.InitiateLoginURI},
	} {
		if fault := webFault(page.uri); page.uri != "" && fault != "" {
			f.add(page.field, "%s", fault)
		}
	}
}

// plainText refuses what would break a line, hide or reorder the text around it on a consent page or in a log.
func plainText(text string) bool {
	return len(text) <= longestText && utf8.ValidString(text) && strings.TrimSpace(text) == text &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
		})
}

// scopeFault says why a scope cannot be registered; empty: it can. A scope is compared with regard to case, so one that looks like a
// standard one would only be mistaken for it.
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

func (m Metadata) checkChoices(f *faults) {
	for _, choice := range []struct {
		field, value string
		allowed      []string
	}{
		{"token_endpoint_auth_method", m.AuthMethod, []string{AuthNone, AuthBasic, AuthPost, AuthPrivateKey}},
		// HMAC would need a readable client secret.
		{"id_token_signed_response_alg", m.IDTokenAlg, append(SigningAlgs(), AlgNone)},
		{"userinfo_signed_response_alg", m.UserInfoAlg, append(SigningAlgs(), "")},
		{"request_object_signing_alg", m.RequestObjectAlg, append(SigningAlgs(), AlgNone, "")},
		{"subject_type", m.SubjectType, []string{SubjectPublic, SubjectPairwise}},
		{"token_endpoint_auth_signing_alg", m.AuthSigningAlg, append(SigningAlgs(), "")},
		{"consent", m.Consent, []string{ConsentAsk, ConsentSkip}},
		{"access_token_format", m.AccessTokenFormat, []string{TokenSealed, TokenJWT}},
	} {
		if !slices.Contains(choice.allowed, choice.value) {
			f.add(choice.field, "must be one of: %s", strings.TrimSpace(strings.Join(choice.allowed, " ")))
		}
	}
}

// checkGrants applies RFC 7591 section 2.1: grant types and response types must fit together.
func (m Metadata) checkGrants(f *faults) {
	checkList(f, "grant_types", m.GrantTypes)
	checkList(f, "response_types", m.ResponseTypes)
	if len(m.GrantTypes) == 0 {
		f.add("grant_types", "must not be empty")
	}
	for _, grant := range m.GrantTypes {
		if !slices.Contains(GrantTypes(), grant) {
			f.add("grant_types", "%.100q is not supported", grant)
		}
	}
	needs := map[string]bool{} // grant types without which a response type makes no sense
	for _, response := range m.ResponseTypes {
		if !slices.Contains(ResponseTypes(), response) {
			f.add("response_types", "%.100q is not supported", response)
		}
		for _, word := range strings.Fields(response) {
			needs[map[string]string{"code": GrantCode}[word]] = true
		}
	}
	needs[GrantImplicit] = needs[""]
	switch hasCode := slices.Contains(m.GrantTypes, GrantCode); {
	case m.Type == Service && !slices.Equal(m.GrantTypes, []string{GrantClient}):
		f.add("grant_types", "must be client_credentials alone for a service")
	case hasCode != needs[GrantCode]:
		f.add("response_types", "must have one with code with the grant authorization_code, and none without it")
	case slices.Contains(m.GrantTypes, GrantImplicit) != needs[GrantImplicit]:
		f.add("response_types", "must have one with token or id_token with the grant implicit, and none without it")
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
		// RFC 9700 section 4.15, RFC 6749 section 4.4: only a client that proves itself may act for itself.
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
		f.add("jwks_uri", "must not be there together with jwks")
	}
	if fault := webFault(m.JWKSURI); m.JWKSURI != "" && fault != "" {
		f.add("jwks_uri", "%s", fault)
	}
	if len(m.JWKS) > 0 {
		if _, err := parseJWKS(m.JWKS); err != nil {
			f.add("jwks", "%s", err)
		}
	}
}

func (m Metadata) checkRedirects(f *faults) {
	implicit := slices.Contains(m.GrantTypes, GrantImplicit)
	switch redirects := implicit || slices.Contains(m.GrantTypes, GrantCode); {
	case redirects && len(m.RedirectURIs) == 0:
		f.add("redirect_uris", "must not be empty with the grants authorization_code and implicit")
	case !redirects && len(m.RedirectURIs) > 0:
		f.add("redirect_uris", "are for the grants authorization_code and implicit only")
	}
	for _, uri := range m.RedirectURIs {
		if implicit && !strings.HasPrefix(uri, "https://") { // OIDC Registration section 2, application_type
			f.add("redirect_uris", "%.100q must be https with the grant implicit", uri)
		}
	}
	for _, list := range []struct {
		field string
		uris  []string
	}{{"redirect_uris", m.RedirectURIs}, {"post_logout_redirect_uris", m.PostLogoutRedirectURIs}} {
		checkList(f, list.field, list.uris)
		for _, uri := range list.uris {
			if fault := redirectFault(m.Type, uri); fault != "" {
				f.add(list.field, "%.100q %s", uri, fault)
			}
		}
	}
}

func checkList(f *faults, field string, list []string) {
	if len(list) > longestList {
		f.add(field, "must not have more than %d entries", longestList)
	}
	if sorted := slices.Sorted(slices.Values(list)); len(slices.Compact(sorted)) != len(list) {
		f.add(field, "must not name anything twice")
	}
}

// Faults returns the MetadataErrors joined in err, in the order of their fields; none when err is about something else.
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
