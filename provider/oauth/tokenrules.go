package oauth

import "net/http"

// Rules of the token endpoint and of the endpoints that take an access token.
const (
	// The token endpoint (RFC 6749 section 5.2, RFC 8628 section 3.5).
	GrantTypeMissing       Rule = "grant_type_missing"
	GrantTypeUnknown       Rule = "grant_type_unknown"
	GrantTypeUnregistered  Rule = "grant_type_unregistered"
	GrantRefused           Rule = "grant_refused"
	CodeMissing            Rule = "code_missing"
	CodeUnknown            Rule = "code_unknown"
	CodeOfAnotherClient    Rule = "code_of_another_client"
	CodeEnded              Rule = "code_ended"
	CodeOfAnotherKey       Rule = "code_of_another_key"
	CodeUsed               Rule = "code_used"
	CodeExpired            Rule = "code_expired"
	CodeRedirectURI        Rule = "code_redirect_uri"
	CodeVerifier           Rule = "code_verifier"
	RefreshUnknown         Rule = "refresh_unknown"
	RefreshOfAnotherClient Rule = "refresh_of_another_client"
	RefreshEnded           Rule = "refresh_ended"
	RefreshExpired         Rule = "refresh_expired"
	RefreshOfAnotherKey    Rule = "refresh_of_another_key"
	RefreshUsed            Rule = "refresh_used"
	DeviceCodeMissing      Rule = "device_code_missing"
	DeviceCodeExpired      Rule = "device_code_expired"
	DeviceSlowDown         Rule = "device_slow_down"
	DevicePending          Rule = "device_pending"
	ScopeRefused           Rule = "scope_refused"
	TokenRequestMalformed  Rule = "token_request_malformed"

	// Access tokens, and the tokens for registering clients (RFC 6750 section 3.1).
	TokenInQuery              Rule = "token_in_query"
	TokenSeveral              Rule = "token_several"
	TokenMissing              Rule = "token_missing"
	AccessTokenUnknown        Rule = "access_token_unknown"
	AccessTokenEnded          Rule = "access_token_ended"
	AccessTokenScheme         Rule = "access_token_scheme"
	AccessTokenAudience       Rule = "access_token_audience"
	AccessTokenKey            Rule = "access_token_key"
	AccessTokenScope          Rule = "access_token_scope"
	IntrospectionTokenMissing Rule = "introspection_token_missing"
)

// tokenAnswers has the answer for each of these rules.
var tokenAnswers = map[Rule]answer{
	GrantTypeMissing:       {Code: InvalidRequest, Description: "The parameter grant_type is missing."},
	GrantTypeUnknown:       {Code: UnsupportedGrantType, Description: "This grant type is not supported."},
	GrantTypeUnregistered:  {Code: UnauthorizedClient, Description: "The client is not registered for this kind of request.", sentence: "The client is not registered for this grant type."},
	GrantRefused:           {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code or token is unknown, expired or used up, was issued to another client, or was sent with another redirect URI."},
	CodeMissing:            {Code: InvalidRequest, Description: "The parameter code is missing."},
	CodeUnknown:            {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code is unknown."},
	CodeOfAnotherClient:    {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code was issued to another client."},
	CodeEnded:              {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The grant of the code has ended: the person was signed out or disabled, or the grant was revoked."},
	CodeOfAnotherKey:       {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code is bound to another key than that of the DPoP proof."},
	CodeUsed:               {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code was used before. Everything that was issued for it is revoked."},
	CodeExpired:            {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code has expired."},
	CodeRedirectURI:        {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The redirect URI is not that of the authorization request."},
	CodeVerifier:           {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code_verifier does not match the challenge of the authorization request, or is missing."},
	RefreshUnknown:         {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token is unknown."},
	RefreshOfAnotherClient: {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token was issued to another client."},
	RefreshEnded:           {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The grant of the refresh token has ended: the person was signed out or disabled, or the grant was revoked."},
	RefreshExpired:         {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token has expired, because it was not used for too long."},
	RefreshOfAnotherKey:    {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token is bound to another key than that of the DPoP proof."},
	RefreshUsed:            {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token was used before. Everything that was issued for it is revoked."},
	DeviceCodeMissing:      {Code: InvalidRequest, Description: "The parameter device_code is missing."},
	DeviceCodeExpired:      {Code: ExpiredToken, Description: "The device code has expired."},
	DeviceSlowDown:         {Code: SlowDown, Description: "The device asks too often: its interval is 5 seconds longer from now on.", expected: true},
	DevicePending:          {Code: AuthorizationPending, Description: "The person has not decided yet.", expected: true},
	ScopeRefused:           {Code: InvalidScope, Description: "A scope was not granted."},
	TokenRequestMalformed:  {Code: InvalidRequest, Description: "A parameter is missing or malformed.", sentence: "A parameter of the token request is missing or malformed."},

	TokenInQuery:              {Code: InvalidRequest, Description: "An access token does not belong in the query."},
	TokenSeveral:              {Code: InvalidRequest, Description: "The access token is sent more than once."},
	TokenMissing:              {Status: http.StatusUnauthorized, sentence: "The request has no access token."},
	AccessTokenUnknown:        {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The access token was not issued by this server, or has expired."},
	AccessTokenEnded:          {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The access token has ended: the person was signed out or disabled, the client was disabled or removed, or the grant or the token was revoked."},
	AccessTokenScheme:         {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The access token is bound to a key and was sent without a proof, or is not bound and was sent with one."},
	AccessTokenAudience:       {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The access token is meant for other resource servers alone."},
	AccessTokenKey:            {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The access token is bound to another key than that of the DPoP proof."},
	AccessTokenScope:          {Status: http.StatusForbidden, Code: InsufficientScope, Description: "The access token needs the scope openid."},
	IntrospectionTokenMissing: {Code: InvalidRequest, Description: "The parameter token is missing."},
}
