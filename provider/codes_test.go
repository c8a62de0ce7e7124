package provider

import (
	"time"

	"github.com/postern-id/postern/provider/oauth"
)

// Error codes of the specifications.
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

// Limits of a request.
const (
	maxBody       = 64 << 10 // bytes
	maxParameters = 64
	maxParameter  = oauth.LongestParameter
)

// Prefixes of codes and tokens.
const (
	codePrefix    = "pst_ac_"
	accessPrefix  = "pst_at_"
	refreshPrefix = "pst_rt_"
)

// Types of JWTs.
const (
	accessTokenType = "at+jwt"
	dpopProofType   = "dpop+jwt"
	logoutTokenType = "logout+jwt"
	userInfoType    = "userinfo+jwt"
)

const (
	maxVerifierFailures = 3 // wrong verifiers after which a code is refused
	deviceSlower        = 5 * time.Second
	longestObject       = 64 << 10
	requestURIPrefix    = "urn:ietf:params:oauth:request_uri:"

	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	refusalBurst  = 50 // wrong credentials before the answer is 429

	clientsWithoutToken = 20        // from one address in an hour
	longestSector       = 256 << 10 // bytes of a list of redirect URIs
)

// Limits of devices (RFC 8628).
const (
	deviceRequestsOfPublic = 30 // requests of a public client from one client IP, until the first codes expire
	userCodesOfOne         = 5  // wrong user codes of one browser or user before a wait
	userCodesOfNetwork     = 30 // and of one network
	wrongUserCode          = "BCDF-GHJK"
)

// base64URL is the alphabet of RFC 4648 section 5.
const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
