package client

import (
	"net/url"
	"slices"
	"strings"
)

// checkSubject checks that pairwise subjects have a sector (OIDC Core section 8.1).
func (m Metadata) checkSubject(f *faults) {
	if m.SubjectType == SubjectPairwise && m.Sector() == "" {
		f.add("sector_identifier_uri", "is needed for pairwise subjects of a client whose redirect addresses have several hosts, or none")
	}
}

// Sector returns the host that pairwise subjects are made for: the host of the sector identifier URI, or the one that all redirect URIs share; empty
// if there is no such host.
func (m Metadata) Sector() string {
	if u, err := url.Parse(m.SectorIdentifierURI); err == nil && u.Host != "" {
		return strings.ToLower(u.Hostname())
	}
	sector := ""
	for _, uri := range m.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil || u.Host == "" || sector != "" && sector != strings.ToLower(u.Hostname()) {
			return ""
		}
		sector = strings.ToLower(u.Hostname())
	}
	return sector
}

// checkRequests checks the members about authorization requests and their ID tokens.
func (m Metadata) checkRequests(f *faults) {
	// OIDC Core section 2: an unsigned ID token must not pass through the browser.
	if m.IDTokenAlg == AlgNone && m.brings("id_token") {
		f.add("id_token_signed_response_alg", "must not be none with a response type that has id_token")
	}
	if m.RequireSignedRequestObject && m.RequestObjectAlg == AlgNone {
		f.add("request_object_signing_alg", "must not be none when signed request objects are required")
	}
	if m.DPoPRequired && m.brings("token") {
		f.add("dpop_bound_access_tokens", "must be false with a response type that has token: no proof comes with that")
	}
	if m.DefaultMaxAge != nil && (*m.DefaultMaxAge < 0 || *m.DefaultMaxAge > 1e9) {
		f.add("default_max_age", "must be a number of seconds from 0 to 1000000000")
	}
}

// brings reports whether one of the response types contains that word.
func (m Metadata) brings(part string) bool {
	return slices.ContainsFunc(m.ResponseTypes, func(t string) bool { return slices.Contains(strings.Fields(t), part) })
}

// checkLogout checks the URIs at which the client is notified of the end of sessions.
func (m Metadata) checkLogout(f *faults) {
	if origin := Origin(m.FrontchannelLogoutURI); origin != "" && !slices.ContainsFunc(m.RedirectURIs, func(uri string) bool { return Origin(uri) == origin }) {
		// OIDC Front-Channel Logout section 2.
		f.add("frontchannel_logout_uri", "must have the scheme, host and port of a redirect URI")
	}
}
