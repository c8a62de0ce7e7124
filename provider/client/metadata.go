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

// Values of token_endpoint_auth_method (RFC 7591 section 2, OIDC Core section 9). AuthSecret is Postern's own, for operators alone: a secret by
// AuthBasic or AuthPost, as the app likes.
const (
	AuthNone       = "none"
	AuthSecret     = "client_secret"
	AuthBasic      = "client_secret_basic"
	AuthPost       = "client_secret_post"
	AuthPrivateKey = "private_key_jwt"
)

// Values of grant_types (RFC 7591 section 2).
const (
	GrantCode    = "authorization_code"
	GrantRefresh = "refresh_token"
	GrantClient  = "client_credentials"
	// GrantImplicit gets tokens through the browser, which RFC 9700 section 2.1.2 advises against. It is off unless registered.
	GrantImplicit = "implicit"
	// GrantDevice is for devices without a browser (RFC 8628 section 3.4). It is off unless registered, because people can be talked into typing
	// somebody else's code.
	GrantDevice = "urn:ietf:params:oauth:grant-type:device_code"
)

// GrantTypes returns the values that can be registered as grant_types.
func GrantTypes() []string {
	return []string{GrantCode, GrantRefresh, GrantClient, GrantImplicit, GrantDevice}
}

// ResponseTypes returns the values that can be registered as response_types (OIDC Core section 3), with their words in this order.
func ResponseTypes() []string {
	return []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
}

// Values of consent: whether a person is asked before the client gets access.
const (
	ConsentAsk  = "ask"
	ConsentSkip = "skip" // for the operator's own apps
)

// Values of subject_type (OIDC Core section 8).
const (
	SubjectPublic   = "public"
	SubjectPairwise = "pairwise" // a different sub in each sector, so that apps cannot correlate people
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

// StandardScopes returns the scopes that a client gets unless it asks for others.
func StandardScopes() []string {
	return []string{"openid", "profile", "email", "address", "phone", "groups", "offline_access"}
}

// SigningAlgs returns the signature algorithms that can be registered, for ID tokens and for client assertions.
func SigningAlgs() []string { return []string{"RS256", "PS256", "ES256", "EdDSA"} }

// Defaults returns the default metadata of a client of type t. An unknown type gets the defaults of [Web].
func Defaults(t Type) Metadata {
	m := Metadata{
		Type:              t,
		GrantTypes:        []string{GrantCode, GrantRefresh},
		ResponseTypes:     []string{"code"},
		Scopes:            StandardScopes(),
		AuthMethod:        AuthSecret,
		IDTokenAlg:        "RS256",
		SubjectType:       SubjectPublic,
		Consent:           ConsentAsk,
		AccessTokenFormat: TokenSealed,
	}
	switch t {
	case SPA, Native:
		m.AuthMethod, m.PKCERequired = AuthNone, true
	case Service:
		m.GrantTypes, m.ResponseTypes, m.Scopes = []string{GrantClient}, nil, nil
	}
	return m
}

// HasSecret reports whether the client authenticates with a secret.
func (m Metadata) HasSecret() bool { return m.Accepts(AuthBasic) || m.Accepts(AuthPost) }

// Accepts reports whether the client may authenticate by method, one of RFC 7591 section 2.
func (m Metadata) Accepts(method string) bool {
	return m.AuthMethod == method || m.AuthMethod == AuthSecret && (method == AuthBasic || method == AuthPost)
}

// Public reports whether the client is public: it cannot authenticate (RFC 6749 section 2.1).
func (m Metadata) Public() bool { return m.AuthMethod == AuthNone }

// ToldOfLogout reports whether the client wants to be notified of the end of sessions that were used at it.
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

// normal returns m in a normal form, in which equal metadata have equal JSON: lists are not nil, and the JWK Set has no blanks.
func (m Metadata) normal() Metadata {
	for _, member := range members {
		if list := member.list(&m); list != nil {
			*list = append([]string{}, *list...)
		}
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
