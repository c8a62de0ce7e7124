package oauth

// Error codes of RFC 6749 sections 4.1.2.1 and 5.2, OIDC Core section 3.1.2.6, RFC 6750 section 3.1, RFC 7591 section 3.2.2, RFC 8628
// section 3.5, RFC 9449 sections 5 and 8, and OpenID Connect Core Error Code unmet_authentication_requirements.
const (
	InvalidRequest           = "invalid_request"
	InvalidClient            = "invalid_client"
	InvalidGrant             = "invalid_grant"
	InvalidScope             = "invalid_scope"
	InvalidToken             = "invalid_token"
	InsufficientScope        = "insufficient_scope"
	UnauthorizedClient       = "unauthorized_client"
	UnsupportedGrantType     = "unsupported_grant_type"
	UnsupportedResponseType  = "unsupported_response_type"
	AccessDenied             = "access_denied"
	ServerError              = "server_error"
	TemporarilyUnavailable   = "temporarily_unavailable"
	LoginRequired            = "login_required"
	ConsentRequired          = "consent_required"
	UnmetRequirements        = "unmet_authentication_requirements"
	RequestNotSupported      = "request_not_supported"
	RequestURINotSupported   = "request_uri_not_supported"
	InvalidRequestURI        = "invalid_request_uri"
	InvalidRequestObject     = "invalid_request_object"
	InvalidClientMetadata    = "invalid_client_metadata"
	RegistrationNotSupported = "registration_not_supported"
	InvalidDPoPProof         = "invalid_dpop_proof"
	UseDPoPNonce             = "use_dpop_nonce"
	AuthorizationPending     = "authorization_pending"
	SlowDown                 = "slow_down"
	ExpiredToken             = "expired_token"
)
