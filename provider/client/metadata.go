package client

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Type says where a client runs, and so what it can keep secret.
type Type string

// The types of clients.
const (
	Web     Type = "web"     // on a server that keeps a secret
	SPA     Type = "spa"     // in the browser: public
	Native  Type = "native"  // on the person's device: public (RFC 8252)
	Service Type = "service" // a machine without a person
)

// Values of token_endpoint_auth_method (RFC 7591 section 2, OIDC Core section 9).
const (
	AuthNone       = "none"
	AuthBasic      = "client_secret_basic"
	AuthPost       = "client_secret_post"
	AuthPrivateKey = "private_key_jwt"
)

// Values of grant_types (RFC 7591 section 2).
const (
	GrantCode    = "authorization_code"
	GrantRefresh = "refresh_token"
	GrantClient  = "client_credentials"
	// GrantImplicit gets tokens through the browser, which RFC 9700 section 2.1.2 advises against: off unless registered.
	GrantImplicit = "implicit"
	// GrantDevice is for devices without a browser (RFC 8628 section 3.4): off unless registered, because people can be talked into typing
	// somebody else's code.
	GrantDevice = "urn:ietf:params:oauth:grant-type:device_code"
)

// GrantTypes lists what can be registered as grant_types.
func GrantTypes() []string {
	return []string{GrantCode, GrantRefresh, GrantClient, GrantImplicit, GrantDevice}
}

// ResponseTypes lists what can be registered as response_types (OIDC Core section 3), its words in this order.
func ResponseTypes() []string {
	return []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
}

// Whether a person is asked before the client gets anything.
const (
	ConsentAsk  = "ask"
	ConsentSkip = "skip" // for the operator's own apps
)

// Values of subject_type (OIDC Core section 8).
const (
	SubjectPublic   = "public"
	SubjectPairwise = "pairwise" // another sub in each sector, so that apps cannot compare notes
)

// AlgNone leaves a JWT unsigned.
const AlgNone = "none"

// Forms of access tokens.
const (
	TokenSealed = "sealed" // opaque, readable by Postern alone
	TokenJWT    = "jwt"    // RFC 9068, for resource servers that verify locally
)

// Scopes is a list of scopes whose JSON form is one string with spaces (RFC 7591 section 2).
type Scopes []string

// MarshalJSON implements json.Marshaler.
func (s Scopes) MarshalJSON() ([]byte, error) { return json.Marshal(strings.Join(s, " ")) }

// UnmarshalJSON implements json.Unmarshaler.
func (s *Scopes) UnmarshalJSON(text []byte) error {
	var list string
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	*s = strings.Fields(list)
	return nil
}

// Metadata is what is registered about a client, in the names of RFC 7591 section 2 and OIDC Registration section 2. Start from
// Defaults: a zero field means "none", not "the default".
type Metadata struct {
	Name                   string   `json:"client_name"`
	Type                   Type     `json:"client_type"`
	RedirectURIs           []string `json:"redirect_uris"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris"`
	GrantTypes             []string `json:"grant_types"`
	ResponseTypes          []string `json:"response_types"`
	Scopes                 Scopes   `json:"scope"`
	AuthMethod             string   `json:"token_endpoint_auth_method"`
	// AuthSigningAlg is the only algorithm of client assertions that is accepted; empty: any of SigningAlgs.
	AuthSigningAlg string `json:"token_endpoint_auth_signing_alg"`
	// JWKS is the JWK Set of the client's public keys; empty: none, or fetched from JWKSURI.
	JWKS    json.RawMessage `json:"jwks"`
	JWKSURI string          `json:"jwks_uri"`
	// IDTokenAlg signs ID tokens; "none" only for a client whose ID tokens never pass through a browser.
	IDTokenAlg string `json:"id_token_signed_response_alg"`
	// UserInfoAlg signs the answers of the UserInfo endpoint; empty: they are plain JSON.
	UserInfoAlg string `json:"userinfo_signed_response_alg"`
	// RequestObjectAlg is the only algorithm of request objects that is accepted, "none" for unsigned ones; empty: those of any where they
	// are required to be signed or there are RequestURIs, unsigned ones included in the latter case, else none at all.
	RequestObjectAlg           string   `json:"request_object_signing_alg"`
	RequireSignedRequestObject bool     `json:"require_signed_request_object"`
	RequestURIs                []string `json:"request_uris"`
	// PARRequired refuses authorization requests that were not pushed (RFC 9126 section 6).
	PARRequired bool `json:"require_pushed_authorization_requests"`
	// DPoPRequired refuses token requests without a proof (RFC 9449 section 5.2).
	DPoPRequired bool   `json:"dpop_bound_access_tokens"`
	SubjectType  string `json:"subject_type"`
	// SectorIdentifierURI lists the redirect URIs of all clients that share pairwise subjects (OIDC Core section 8.1).
	SectorIdentifierURI string `json:"sector_identifier_uri"`
	// DefaultMaxAge is max_age for requests without it, in seconds; nil: none.
	DefaultMaxAge    *int64   `json:"default_max_age"`
	DefaultACRValues []string `json:"default_acr_values"`
	// RequireAuthTime changes nothing: every ID token has auth_time.
	RequireAuthTime bool `json:"require_auth_time"`
	// PKCERequired refuses authorization requests without a code challenge. Always true for public clients.
	PKCERequired      bool   `json:"require_pkce"`
	Consent           string `json:"consent"`
	AccessTokenFormat string `json:"access_token_format"`
	// Audience is the aud of the client's access tokens: the resource servers that they are for. Empty: the issuer. The UserInfo endpoint takes
	// tokens for the issuer alone.
	Audience         []string `json:"audience"`
	ClientURI        string   `json:"client_uri"`
	LogoURI          string   `json:"logo_uri"`
	PolicyURI        string   `json:"policy_uri"`
	TOSURI           string   `json:"tos_uri"`
	Contacts         []string `json:"contacts"`
	InitiateLoginURI string   `json:"initiate_login_uri"`
	// FrontchannelLogoutURI is shown in a frame when a session ends in the browser that it was in (OIDC Front-Channel Logout section 2).
	FrontchannelLogoutURI string `json:"frontchannel_logout_uri"`
	// FrontchannelLogoutSession changes nothing: the frame always gets iss and sid.
	FrontchannelLogoutSession bool `json:"frontchannel_logout_session_required"`
	// BackchannelLogoutURI gets a logout token when a session ends that has been at the client (OIDC Back-Channel Logout section 2.2).
	BackchannelLogoutURI string `json:"backchannel_logout_uri"`
	// BackchannelLogoutSession changes nothing: every logout token has sid.
	BackchannelLogoutSession bool   `json:"backchannel_logout_session_required"`
	SoftwareID               string `json:"software_id"`
	SoftwareVersion          string `json:"software_version"`
}

// StandardScopes returns the scopes that a client gets unless it asks for others.
func StandardScopes() []string {
	return []string{"openid", "profile", "email", "address", "phone", "groups", "offline_access"}
}

// SigningAlgs returns the signature algorithms that can be registered, for ID tokens and for client assertions.
func SigningAlgs() []string { return []string{"RS256", "PS256", "ES256", "EdDSA"} }

// Defaults returns the metadata of a client of type t of which nothing else is said. An unknown type gets those of Web.
func Defaults(t Type) Metadata {
	m := Metadata{
		Type:              t,
		GrantTypes:        []string{GrantCode, GrantRefresh},
		ResponseTypes:     []string{"code"},
		Scopes:            StandardScopes(),
		AuthMethod:        AuthBasic,
		IDTokenAlg:        "RS256",
		SubjectType:       SubjectPublic,
		PKCERequired:      true,
		Consent:           ConsentAsk,
		AccessTokenFormat: TokenSealed,
	}
	switch t {
	case SPA, Native:
		m.AuthMethod = AuthNone
	case Service:
		m.GrantTypes, m.ResponseTypes, m.Scopes = []string{GrantClient}, nil, nil
	}
	return m
}

// HasSecret reports whether the client proves itself with a secret.
func (m Metadata) HasSecret() bool { return m.AuthMethod == AuthBasic || m.AuthMethod == AuthPost }

// Public reports whether the client cannot prove itself (RFC 6749 section 2.1).
func (m Metadata) Public() bool { return m.AuthMethod == AuthNone }

// ToldOfLogout reports whether the client wants to know when sessions end that have been at it.
func (m Metadata) ToldOfLogout() bool {
	return m.FrontchannelLogoutURI != "" || m.BackchannelLogoutURI != ""
}

// Differences returns the names, sorted, of the members in which m and other differ.
func (m Metadata) Differences(other Metadata) ([]string, error) {
	ours, err := m.members()
	if err != nil {
		return nil, err
	}
	theirs, err := other.members()
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(ours, func(name string, value json.RawMessage) bool { return bytes.Equal(value, theirs[name]) })
	return slices.Sorted(maps.Keys(ours)), nil
}

func (m Metadata) members() (map[string]json.RawMessage, error) {
	text, err := json.Marshal(m.normal())
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	err = json.Unmarshal(text, &members)
	return members, err
}

// normal returns m in the one form in which equal metadata are equal bytes: lists are not nil, the JWK Set has no blanks.
func (m Metadata) normal() Metadata {
	for _, list := range []*[]string{
		&m.RedirectURIs, &m.PostLogoutRedirectURIs, &m.GrantTypes, &m.ResponseTypes, (*[]string)(&m.Scopes), &m.Audience, &m.Contacts,
		&m.RequestURIs, &m.DefaultACRValues,
	} {
		*list = append([]string{}, *list...)
	}
	if m.SubjectType == "" { // registered before there was a choice
		m.SubjectType = SubjectPublic
	}
	if string(m.JWKS) == "null" {
		m.JWKS = nil
	}
	var compact bytes.Buffer
	if json.Compact(&compact, m.JWKS) == nil {
		m.JWKS = compact.Bytes()
	}
	return m
}
