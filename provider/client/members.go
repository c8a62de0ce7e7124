package client

import (
	"encoding/json"
	"strings"
)

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
	// Claims are the attributes of an operator's own that the client gets with the scope openid, beside the claims of its scopes.
	Claims     []string `json:"claims"`
	AuthMethod string   `json:"token_endpoint_auth_method"`
	// AuthSigningAlg is the only algorithm of client assertions that is accepted; empty: any of SigningAlgs.
	AuthSigningAlg string `json:"token_endpoint_auth_signing_alg"`
	// JWKS is the JWK Set of the client's public keys; empty: none, or fetched from JWKSURI.
	JWKS    json.RawMessage `json:"jwks"`
	JWKSURI string          `json:"jwks_uri"`
	// IDTokenAlg signs ID tokens; "none" only for a client whose ID tokens never pass through a browser.
	IDTokenAlg string `json:"id_token_signed_response_alg"`
	// UserInfoAlg signs the answers of the UserInfo endpoint; empty: they are plain JSON.
	UserInfoAlg string `json:"userinfo_signed_response_alg"`
	// RequestObjectAlg is the only algorithm of request objects that is accepted, "none" for unsigned ones; empty: any, where
	// [Client.SendsRequestObjects], and unsigned ones unless RequireSignedRequestObject.
	RequestObjectAlg string `json:"request_object_signing_alg"`
	// RequireSignedRequestObject refuses requests without a signed object, and parameters beside it (RFC 9101 sections 6.3 and 10.5).
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
	// PKCERequired refuses authorization requests for a code without a code challenge. Always true for public clients. A client that authenticates may
	// do without one, but a challenge that it sends is enforced (RFC 9700 section 2.1.1).
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

// members is the table of all members of [Metadata]: who may say them, what their values can be, and how operators see them. What must hold
// between several members is in validate.go.
var members = []Member{
	{
		Name: "client_name", Flag: "name", Label: "name", Self: true, Words: "`name` under which people know the app",
		field: func(m *Metadata) any { return &m.Name }, required: true, fault: lineFault,
	}, {
		Name: "client_type", Flag: "type", Label: "type", Fixed: true,
		Words:   "`type` of the client: web (on a server), spa (in the browser), native (on a device) or service (without a person)",
		Choices: []string{string(Web), string(SPA), string(Native), string(Service)},
		field:   func(m *Metadata) any { return &m.Type }, required: true,
	}, {
		Name: "redirect_uris", Flag: "redirect-uri", Label: "redirect URI", Self: true,
		Words: "`URI` to which codes may be sent; compared exactly",
		field: func(m *Metadata) any { return &m.RedirectURIs }, fault: redirectMemberFault,
	}, {
		Name: "post_logout_redirect_uris", Flag: "post-logout-redirect-uri", Label: "after sign-out", Self: true,
		Words: "`URI` to which people may be sent after signing out",
		field: func(m *Metadata) any { return &m.PostLogoutRedirectURIs }, fault: redirectMemberFault,
	}, {
		Name: "grant_types", Flag: "grant-type", Label: "grant types", Self: true, commas: true, Choices: GrantTypes(),
		Words: "`grant` that the client may use: authorization_code, refresh_token, client_credentials, implicit, or \"" + GrantDevice + "\"",
		field: func(m *Metadata) any { return &m.GrantTypes },
	}, {
		Name: "response_types", Flag: "response-type", Label: "response types", Self: true, Choices: ResponseTypes(),
		Words: "response `type` that the client may use, such as \"code id_token\"; those with token or id_token need the grant implicit",
		field: func(m *Metadata) any { return &m.ResponseTypes },
	}, {
		Name: "scope", Flag: "scope", Label: "scopes", Self: true, commas: true, Words: "`scope` that the client may ask for",
		field: func(m *Metadata) any { return &m.Scopes }, slip: scopeSlip, fault: func(_ Metadata, scope string) string { return scopeFault(scope) },
	}, {
		Name: "claims", Flag: "claim", Label: "claims", commas: true,
		Words: "`name` of a custom claim that the client gets; postern user add --claim sets its value",
		field: func(m *Metadata) any { return &m.Claims }, fault: ownClaimFault,
	}, {
		Name: "token_endpoint_auth_method", Flag: "auth-method", Label: "authentication", Self: true,
		Words:   "`method` of client authentication: client_secret (in the header or in the body), client_secret_basic or client_secret_post (there alone), private_key_jwt (with --jwks-file or --jwks-uri) or none",
		Choices: []string{AuthNone, AuthSecret, AuthBasic, AuthPost, AuthPrivateKey},
		field:   func(m *Metadata) any { return &m.AuthMethod }, required: true,
		after: func(m *Metadata) { m.PKCERequired = m.PKCERequired || m.Public() },
	}, {
		Name: "token_endpoint_auth_signing_alg", Flag: "auth-signing-alg", Label: "client assertions", Self: true, Choices: SigningAlgs(),
		Words: "`algorithm` of client assertions (private_key_jwt); default: any",
		field: func(m *Metadata) any { return &m.AuthSigningAlg },
	}, {
		Name: "jwks", Flag: "jwks-file", Label: "keys", Self: true, File: true, Words: "`file` with the client's public keys (JWK Set)",
		field: func(m *Metadata) any { return &m.JWKS }, after: func(m *Metadata) { m.JWKSURI = "" },
	}, {
		Name: "jwks_uri", Flag: "jwks-uri", Label: "keys at", Self: true,
		Words: "`URL` of the client's public keys (JWK Set), instead of --jwks-file",
		field: func(m *Metadata) any { return &m.JWKSURI }, fault: pageFault, after: func(m *Metadata) { m.JWKS = nil },
	}, {
		Name: "id_token_signed_response_alg", Flag: "id-token-alg", Label: "ID token", Self: true,
		// HMAC would need a readable client secret.
		Words:   "`algorithm` of ID tokens: RS256, PS256, ES256 or EdDSA, or none for unsigned ones",
		Choices: append(SigningAlgs(), AlgNone),
		field:   func(m *Metadata) any { return &m.IDTokenAlg }, required: true,
	}, {
		Name: "userinfo_signed_response_alg", Flag: "userinfo-alg", Label: "userinfo", Self: true, Choices: SigningAlgs(),
		Words: "`algorithm` of signed userinfo; default: plain JSON, unsigned",
		field: func(m *Metadata) any { return &m.UserInfoAlg },
	}, {
		Name: "request_object_signing_alg", Flag: "request-object-alg", Label: "request objects", Self: true, Choices: append(SigningAlgs(), AlgNone),
		Words: "`algorithm` of request objects, or none for unsigned ones; default: any with --request-uri, otherwise they are refused",
		field: func(m *Metadata) any { return &m.RequestObjectAlg },
	}, {
		Name: "require_signed_request_object", Flag: "require-signed-requests", Label: "signed requests only", Self: true,
		Words: "refuse authorization requests without a signed request object",
		field: func(m *Metadata) any { return &m.RequireSignedRequestObject },
	}, {
		Name: "request_uris", Flag: "request-uri", Label: "request objects at", Self: true,
		Words: "`URL` from which request objects may be fetched",
		field: func(m *Metadata) any { return &m.RequestURIs },
		fault: func(m Metadata, uri string) string {
			plain, _, _ := strings.Cut(uri, "#") // OIDC Registration section 2: a hash of the content, for caches
			return pageFault(m, plain)
		},
	}, {
		Name: "require_pushed_authorization_requests", Flag: "require-pushed-requests", Label: "pushed requests only", Self: true,
		Words: "refuse authorization requests that were not pushed (RFC 9126)",
		field: func(m *Metadata) any { return &m.PARRequired },
	}, {
		Name: "dpop_bound_access_tokens", Flag: "dpop", Label: "DPoP", Self: true, Choices: []string{"allowed", "required"},
		Words: "`policy` for DPoP: allowed, or required to bind every token to a key (RFC 9449)",
		field: func(m *Metadata) any { return &m.DPoPRequired },
	}, {
		Name: "subject_type", Flag: "subject-type", Label: "subject", Self: true, Choices: []string{SubjectPublic, SubjectPairwise},
		Words: "`kind` of sub: public, or pairwise, which differs from sector to sector",
		field: func(m *Metadata) any { return &m.SubjectType }, required: true,
	}, {
		Name: "sector_identifier_uri", Flag: "sector-identifier-uri", Label: "sector", Self: true,
		Words: "`URL` whose host is the sector of pairwise subjects; default: the host of the redirect URIs",
		field: func(m *Metadata) any { return &m.SectorIdentifierURI },
		fault: func(_ Metadata, uri string) string {
			if webFault(uri) != "" || !strings.HasPrefix(uri, "https://") {
				return "must use https"
			}
			return ""
		},
	}, {
		Name: "default_max_age", Flag: "default-max-age", Label: "default max_age", Self: true,
		Words: "`seconds` to use as max_age in requests without it",
		field: func(m *Metadata) any { return &m.DefaultMaxAge },
	}, {
		Name: "default_acr_values", Flag: "default-acr-value", Label: "default acr_values", Self: true,
		Words: "`acr` to use as acr_values in requests without it",
		field: func(m *Metadata) any { return &m.DefaultACRValues }, fault: lineFault,
	}, {
		Name: "require_auth_time", Label: "auth_time required", Self: true,
		Words: "changes nothing: every ID token has auth_time",
		field: func(m *Metadata) any { return &m.RequireAuthTime },
	}, {
		Name: "require_pkce", Flag: "pkce", Label: "PKCE", Choices: []string{"auto", "required"}, former: "optional",
		Words: "`policy` for PKCE: required (always so for public clients), or auto, which checks a code challenge only if the request has one",
		field: func(m *Metadata) any { return &m.PKCERequired },
	}, {
		Name: "consent", Flag: "consent", Label: "consent", Choices: []string{ConsentAsk, ConsentSkip},
		Words: "`policy` for consent: ask, or skip for an app of your own",
		field: func(m *Metadata) any { return &m.Consent }, required: true,
	}, {
		Name: "access_token_format", Flag: "access-token", Label: "access token", Choices: []string{TokenSealed, TokenJWT},
		Words: "`format` of access tokens: sealed, or jwt for resource servers that verify them by themselves (RFC 9068)",
		field: func(m *Metadata) any { return &m.AccessTokenFormat }, required: true,
	}, {
		Name: "audience", Flag: "audience", Label: "audience",
		Words: "`name` of a resource server that takes the client's access tokens",
		field: func(m *Metadata) any { return &m.Audience }, fault: audienceFault,
	}, {
		Name: "client_uri", Flag: "client-uri", Label: "home page", Self: true, public: true,
		Words: "`URL` of the app's home page, to which people can return",
		field: func(m *Metadata) any { return &m.ClientURI }, fault: pageFault,
	}, {
		Name: "logo_uri", Flag: "logo-uri", Label: "logo", Self: true, public: true,
		Words: "`URL` of the logo, shown on the sign-in page",
		field: func(m *Metadata) any { return &m.LogoURI }, fault: pageFault,
	}, {
		Name: "policy_uri", Flag: "policy-uri", Label: "privacy policy", Self: true, public: true,
		Words: "`URL` of the privacy policy, linked on the consent page",
		field: func(m *Metadata) any { return &m.PolicyURI }, fault: pageFault,
	}, {
		Name: "tos_uri", Flag: "tos-uri", Label: "terms", Self: true, public: true,
		Words: "`URL` of the terms of service, linked on the consent page",
		field: func(m *Metadata) any { return &m.TOSURI }, fault: pageFault,
	}, {
		Name: "contacts", Flag: "contact", Label: "contact", Self: true,
		Words: "`address` of a person who is responsible for the app",
		field: func(m *Metadata) any { return &m.Contacts }, fault: lineFault,
	}, {
		Name: "initiate_login_uri", Flag: "initiate-login-uri", Label: "sign-in starts at", Self: true, public: true,
		Words: "`URL` at which others may start a sign-in to the app",
		field: func(m *Metadata) any { return &m.InitiateLoginURI }, fault: pageFault,
	}, {
		Name: "frontchannel_logout_uri", Flag: "frontchannel-logout-uri", Label: "frame at sign-out", Self: true,
		Words: "`URL` that browsers load in a frame at sign-out; its origin is that of a redirect URI",
		field: func(m *Metadata) any { return &m.FrontchannelLogoutURI }, fault: pageFault,
	}, {
		Name: "frontchannel_logout_session_required", Label: "session in the frame", Self: true,
		Words: "changes nothing: the frame always gets iss and sid",
		field: func(m *Metadata) any { return &m.FrontchannelLogoutSession },
	}, {
		Name: "backchannel_logout_uri", Flag: "backchannel-logout-uri", Label: "notified at sign-out", Self: true,
		Words: "`URL` to notify when a session ends that was used at the client",
		field: func(m *Metadata) any { return &m.BackchannelLogoutURI }, fault: pageFault,
	}, {
		Name: "backchannel_logout_session_required", Label: "session in logout tokens", Self: true,
		Words: "changes nothing: every logout token has sid",
		field: func(m *Metadata) any { return &m.BackchannelLogoutSession },
	}, {
		Name: "software_id", Label: "software", Self: true, Words: "identifier of the client's software",
		field: func(m *Metadata) any { return &m.SoftwareID }, fault: lineFault,
	}, {
		Name: "software_version", Label: "software version", Self: true, Words: "version of that software",
		field: func(m *Metadata) any { return &m.SoftwareVersion }, fault: lineFault,
	},
}
