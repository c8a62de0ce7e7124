package provider

import "github.com/postern-id/postern/provider/oauth"

// What clients are told, in the words of the specifications.
const (
	invalidRequest           = oauth.InvalidRequest
	invalidClient            = oauth.InvalidClient
	invalidGrant             = oauth.InvalidGrant
	invalidScope             = oauth.InvalidScope
	invalidToken             = oauth.InvalidToken
	insufficientScope        = oauth.InsufficientScope
	unauthorizedClient       = oauth.UnauthorizedClient
	unsupportedGrantType     = oauth.UnsupportedGrantType
	unsupportedResponseType  = oauth.UnsupportedResponseType
	accessDenied             = oauth.AccessDenied
	serverError              = oauth.ServerError
	temporarilyUnavailable   = oauth.TemporarilyUnavailable
	loginRequired            = oauth.LoginRequired
	consentRequired          = oauth.ConsentRequired
	unmetRequirements        = oauth.UnmetRequirements
	requestNotSupported      = oauth.RequestNotSupported
	requestURINotSupported   = oauth.RequestURINotSupported
	invalidRequestURI        = oauth.InvalidRequestURI
	invalidRequestObject     = oauth.InvalidRequestObject
	registrationNotSupported = oauth.RegistrationNotSupported
	invalidDPoPProof         = oauth.InvalidDPoPProof
	useDPoPNonce             = oauth.UseDPoPNonce
	authorizationPending     = oauth.AuthorizationPending
	slowDown                 = oauth.SlowDown
	expiredToken             = oauth.ExpiredToken
)
