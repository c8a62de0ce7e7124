package oauth

import "net/http"

// Rules about clients: their authentication, their proofs of possession and their registration.
const (
	// Client authentication (RFC 6749 section 2.3, RFC 7523). All have the same answer.
	CredentialsMissing   Rule = "credentials_missing"
	CredentialsMalformed Rule = "credentials_malformed"
	CredentialsTwice     Rule = "credentials_twice"
	ClientUnknown        Rule = "client_unknown"
	ClientDisabled       Rule = "client_disabled"
	ClientMethod         Rule = "client_method"
	ClientSecret         Rule = "client_secret"
	ClientPublic         Rule = "client_public"
	AssertionType        Rule = "assertion_type"
	AssertionIssuer      Rule = "assertion_issuer"
	AssertionAudience    Rule = "assertion_audience"
	AssertionExpired     Rule = "assertion_expired"
	AssertionTooLong     Rule = "assertion_too_long"
	AssertionEarly       Rule = "assertion_early"
	AssertionID          Rule = "assertion_id"
	AssertionSignature   Rule = "assertion_signature"
	AssertionUsed        Rule = "assertion_used"

	// DPoP proofs (RFC 9449 section 4.3).
	ProofMissing   Rule = "proof_missing"
	ProofSeveral   Rule = "proof_several"
	ProofMalformed Rule = "proof_malformed"
	ProofKey       Rule = "proof_key"
	ProofID        Rule = "proof_id"
	ProofMethod    Rule = "proof_method"
	ProofURI       Rule = "proof_uri"
	ProofTime      Rule = "proof_time"
	ProofToken     Rule = "proof_token"
	ProofUsed      Rule = "proof_used"
	ProofNonce     Rule = "proof_nonce"

	// Registration (RFC 7591 section 3.2.2, RFC 7592).
	RegistrationToken    Rule = "registration_token"
	RegistrationFull     Rule = "registration_full"
	RegistrationType     Rule = "registration_type"
	RegistrationBody     Rule = "registration_body"
	RegistrationMetadata Rule = "registration_metadata"
	RegistrationClientID Rule = "registration_client_id"
	RegistrationSecret   Rule = "registration_secret"
	RegistrationChanged  Rule = "registration_changed"
)

// clientAnswers has the answer for each of these rules.
var clientAnswers = map[Rule]answer{
	CredentialsMissing:   {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The request names no client."},
	CredentialsMalformed: {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The client authentication is malformed."},
	CredentialsTwice:     {Code: InvalidRequest, Description: "The client authenticates in more than one way."},
	ClientUnknown:        {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "There is no client with this client_id."},
	ClientDisabled:       {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The client is disabled."},
	ClientMethod:         {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The client authenticated by another method than the registered one."},
	ClientSecret:         {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The client secret is wrong."},
	ClientPublic:         {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The client is public, and only clients that authenticate may ask this."},
	AssertionType:        {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The typ of the client assertion is that of another kind of JWT."},
	AssertionIssuer:      {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The iss or sub of the client assertion is not the client."},
	AssertionAudience:    {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The aud of the client assertion is not the issuer or the token endpoint alone."},
	AssertionExpired:     {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The exp of the client assertion is missing or has passed."},
	AssertionTooLong:     {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The exp of the client assertion is too far ahead."},
	AssertionEarly:       {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The iat or nbf of the client assertion is in the future."},
	AssertionID:          {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The jti of the client assertion is missing or too long."},
	AssertionSignature:   {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "No registered key fits the signature of the client assertion."},
	AssertionUsed:        {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The client assertion was used before."},

	ProofMissing:   {Code: InvalidDPoPProof, Description: "A DPoP proof is required."},
	ProofSeveral:   {Code: InvalidDPoPProof, Description: "There is more than one DPoP proof."},
	ProofMalformed: {Code: InvalidDPoPProof, Description: "The DPoP proof is not a JWT of the type dpop+jwt, signed by a key in its header with a supported algorithm."},
	ProofKey:       {Code: InvalidDPoPProof, Description: "The key in the DPoP proof is not a public key that is long enough for its algorithm."},
	ProofID:        {Code: InvalidDPoPProof, Description: "The jti of the DPoP proof is missing or too long."},
	ProofMethod:    {Code: InvalidDPoPProof, Description: "The htm of the DPoP proof is not the method of the request."},
	ProofURI:       {Code: InvalidDPoPProof, Description: "The htu of the DPoP proof is not the address of the request."},
	ProofTime:      {Code: InvalidDPoPProof, Description: "The iat of the DPoP proof is missing."},
	ProofToken:     {Code: InvalidDPoPProof, Description: "The ath of the DPoP proof is not the hash of the access token."},
	ProofUsed:      {Code: InvalidDPoPProof, Description: "The DPoP proof was used before."},
	ProofNonce:     {Code: UseDPoPNonce, Description: "The DPoP proof needs the nonce of the header DPoP-Nonce.", expected: true},

	RegistrationToken:    {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The token is not valid for registering another client, or is not the token of this client."},
	RegistrationFull:     {Status: http.StatusForbidden, Code: AccessDenied, Description: "No more clients can register without an initial access token."},
	RegistrationType:     {Status: http.StatusUnsupportedMediaType, Code: InvalidClientMetadata, Description: "The body must be application/json, in UTF-8."},
	RegistrationBody:     {Code: InvalidClientMetadata, Description: "The body is too large or could not be read."},
	RegistrationMetadata: {Code: InvalidClientMetadata, Description: "The metadata of the client cannot be registered.", sentence: "The metadata of the client cannot be registered."},
	RegistrationClientID: {Code: InvalidClientMetadata, Description: "The client_id must be that of this client."},
	RegistrationSecret:   {Code: InvalidClientMetadata, Description: "The client_secret is not that of this client, and cannot be chosen."},
	RegistrationChanged:  {Status: http.StatusConflict, Code: InvalidClientMetadata, Description: "The registration was changed at the same time. Please read it again."},
}
