package provider

import (
	"context"
	"errors"
	"net/http"

	"github.com/ory/fosite"

	"github.com/postern-id/postern/storage"
)

// Error codes of RFC 6749 sections 4.1.2.1 and 5.2, OIDC Core section 3.1.2.6, RFC 6750 section 3.1, RFC 9449 sections 5 and 8, and OpenID Connect Core
// Error Code unmet_authentication_requirements, and RFC 8628 section 3.5.
const (
	invalidRequest           = "invalid_request"
	invalidClient            = "invalid_client"
	invalidGrant             = "invalid_grant"
	invalidScope             = "invalid_scope"
	invalidToken             = "invalid_token"
	insufficientScope        = "insufficient_scope"
	unauthorizedClient       = "unauthorized_client"
	unsupportedGrantType     = "unsupported_grant_type"
	unsupportedResponseType  = "unsupported_response_type"
	accessDenied             = "access_denied"
	serverError              = "server_error"
	temporarilyUnavailable   = "temporarily_unavailable"
	loginRequired            = "login_required"
	consentRequired          = "consent_required"
	unmetRequirements        = "unmet_authentication_requirements"
	requestNotSupported      = "request_not_supported"
	requestURINotSupported   = "request_uri_not_supported"
	invalidRequestURI        = "invalid_request_uri"
	invalidRequestObject     = "invalid_request_object"
	registrationNotSupported = "registration_not_supported"
	invalidDPoPProof         = "invalid_dpop_proof"
	useDPoPNonce             = "use_dpop_nonce"
	authorizationPending     = "authorization_pending"
	slowDown                 = "slow_down"
	expiredToken             = "expired_token"
)

// oauthError is an error as a client sees it. Its text is fixed: nothing of the request is repeated in it.
type oauthError struct {
	Status      int // of a direct answer; a redirect has its own
	Code        string
	Description string
	cause       error // for the log
}

func (e *oauthError) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Description + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Description
}

func (e *oauthError) Unwrap() error { return e.cause }

func invalid(description string) error {
	return &oauthError{Status: http.StatusBadRequest, Code: invalidRequest, Description: description}
}

func refuse(code, description string) error {
	return &oauthError{Status: http.StatusBadRequest, Code: code, Description: description}
}

// fromEngine says which code and text stand for an error of fosite. What is not listed is a fault of ours.
var fromEngine = []struct {
	engine *fosite.RFC6749Error
	answer oauthError
}{
	{fosite.ErrInvalidClient, oauthError{http.StatusUnauthorized, invalidClient, "The client could not be authenticated.", nil}},
	{fosite.ErrInvalidGrant, oauthError{http.StatusBadRequest, invalidGrant, "The code or token is invalid, expired, used up or was issued to another client.", nil}},
	{fosite.ErrUnauthorizedClient, oauthError{http.StatusBadRequest, unauthorizedClient, "The client is not registered for this kind of request.", nil}},
	{fosite.ErrUnsupportedGrantType, oauthError{http.StatusBadRequest, unsupportedGrantType, "This grant type is not supported.", nil}},
	{fosite.ErrUnsupportedResponseType, oauthError{http.StatusBadRequest, unsupportedResponseType, "This response type is not supported for this client.", nil}},
	{fosite.ErrInvalidScope, oauthError{http.StatusBadRequest, invalidScope, "A scope is unknown or the client is not registered for it.", nil}},
	{fosite.ErrScopeNotGranted, oauthError{http.StatusBadRequest, invalidScope, "A scope was not granted.", nil}},
	{fosite.ErrAccessDenied, oauthError{http.StatusForbidden, accessDenied, "The request was refused.", nil}},
	{fosite.ErrUnsupportedResponseMode, oauthError{http.StatusBadRequest, invalidRequest, "This response mode is not supported for this client.", nil}},
	{fosite.ErrTokenExpired, oauthError{http.StatusBadRequest, invalidGrant, "The code or token has expired.", nil}},
	{fosite.ErrInvalidRequest, oauthError{http.StatusBadRequest, invalidRequest, "A parameter is missing or malformed.", nil}},
}

// translate is the one place where an error becomes what a client is told.
func translate(err error) *oauthError {
	var own *oauthError
	var engine *fosite.RFC6749Error
	switch {
	// First, so that an outage on the way never looks like a fault of the client.
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return &oauthError{http.StatusServiceUnavailable, temporarilyUnavailable, "The service is unavailable for a moment. Please try again.", err}
	case errors.As(err, &own):
		return own
	case errors.As(err, &engine):
		for _, known := range fromEngine {
			if engine.ErrorField == known.engine.ErrorField {
				answer := known.answer
				answer.cause = err
				return &answer
			}
		}
	}
	return &oauthError{http.StatusInternalServerError, serverError, "The request could not be completed because of a fault of this server.", err}
}
