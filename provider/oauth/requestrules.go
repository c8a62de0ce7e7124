package oauth

import "net/http"

// Rules about requests in general and about authorization requests.
const (
	// The encoding of a request.
	BodyCompressed    Rule = "body_compressed"
	BodyType          Rule = "body_type"
	BodyTooLarge      Rule = "body_too_large"
	BodySlow          Rule = "body_slow"
	BodyUnreadable    Rule = "body_unreadable"
	RequestTooLarge   Rule = "request_too_large"
	ParametersInQuery Rule = "parameters_in_query"
	TooManyParameters Rule = "too_many_parameters"
	ParameterEncoding Rule = "parameter_encoding"
	ParameterUTF8     Rule = "parameter_utf8"
	ParameterNUL      Rule = "parameter_nul"
	ParameterTooLong  Rule = "parameter_too_long"
	ParameterRepeated Rule = "parameter_repeated"

	// The URI to which the browser would return.
	RedirectURIMissing      Rule = "redirect_uri_missing"
	RedirectURIUnregistered Rule = "redirect_uri_unregistered"
	LogoutURIUnregistered   Rule = "logout_uri_unregistered"

	// Authorization requests (RFC 6749 section 4.1.1, OIDC Core section 3.1.2.1).
	RegistrationParameter    Rule = "registration_parameter"
	ResponseTypeMissing      Rule = "response_type_missing"
	ResponseTypeUnregistered Rule = "response_type_unregistered"
	ResponseMode             Rule = "response_mode"
	ScopeUnregistered        Rule = "scope_unregistered"
	ScopeMissing             Rule = "scope_missing"
	IDTokenWithoutOpenID     Rule = "id_token_without_openid"
	NonceMissing             Rule = "nonce_missing"
	ChallengeMissing         Rule = "challenge_missing"
	ChallengeMethod          Rule = "challenge_method"
	ChallengeMalformed       Rule = "challenge_malformed"
	ThumbprintMalformed      Rule = "thumbprint_malformed"
	ThumbprintOfAnotherKey   Rule = "thumbprint_of_another_key"
	PromptUnknown            Rule = "prompt_unknown"
	PromptNoneNotAlone       Rule = "prompt_none_not_alone"
	MaxAge                   Rule = "max_age"
	ClaimsMalformed          Rule = "claims_malformed"
	ClaimsSeveralSubjects    Rule = "claims_several_subjects"
	ClaimsACR                Rule = "claims_acr"
	HintUnusable             Rule = "hint_unusable"
	HintOfAnotherSubject     Rule = "hint_of_another_subject"
	HintOfAnotherClient      Rule = "hint_of_another_client"
	NotSignedIn              Rule = "not_signed_in"
	NotAgreed                Rule = "not_agreed"
	PersonRefused            Rule = "person_refused"

	// Pushed requests (RFC 9126) and request objects (RFC 9101).
	RequestURIPushed       Rule = "request_uri_pushed"
	MustPush               Rule = "must_push"
	PushedUnknown          Rule = "pushed_unknown"
	PushedOver             Rule = "pushed_over"
	PushedUsed             Rule = "pushed_used"
	RequestAndRequestURI   Rule = "request_and_request_uri"
	RequestURIUnsupported  Rule = "request_uri_unsupported"
	RequestURIUnregistered Rule = "request_uri_unregistered"
	RequestURIUnreachable  Rule = "request_uri_unreachable"
	MustSign               Rule = "must_sign"
	ObjectNotSupported     Rule = "object_not_supported"
	ObjectParameter        Rule = "object_parameter"
	ObjectAlgorithm        Rule = "object_algorithm"
	ObjectType             Rule = "object_type"
	ObjectSignature        Rule = "object_signature"
	ObjectSigned           Rule = "object_signed"
	ObjectMalformed        Rule = "object_malformed"
	ObjectJSON             Rule = "object_json"
	ObjectWithoutClient    Rule = "object_without_client"
	ObjectMismatch         Rule = "object_mismatch"
	ObjectIssuer           Rule = "object_issuer"
	ObjectSubject          Rule = "object_subject"
	ObjectAudience         Rule = "object_audience"
	ObjectNested           Rule = "object_nested"
	ObjectTime             Rule = "object_time"
)

// requestAnswers has the answer for each of these rules.
var requestAnswers = map[Rule]answer{
	BodyCompressed:    {Status: http.StatusUnsupportedMediaType, Code: InvalidRequest, Description: "The body must not be compressed."},
	BodyType:          {Status: http.StatusUnsupportedMediaType, Code: InvalidRequest, Description: "The body must be application/x-www-form-urlencoded, in UTF-8."},
	BodyTooLarge:      {Status: http.StatusRequestEntityTooLarge, Code: InvalidRequest, Description: "The body is too large."},
	BodySlow:          {Status: http.StatusRequestTimeout, Code: InvalidRequest, Description: "The body did not arrive in time."},
	BodyUnreadable:    {Code: InvalidRequest, Description: "The body could not be read."},
	RequestTooLarge:   {Status: http.StatusRequestURITooLong, Code: InvalidRequest, Description: "The request is too large."},
	ParametersInQuery: {Code: InvalidRequest, Description: "Parameters belong in the body, not in the query."},
	TooManyParameters: {Code: InvalidRequest, Description: "There are too many parameters."},
	ParameterEncoding: {Code: InvalidRequest, Description: "A parameter is not form-encoded."},
	ParameterUTF8:     {Code: InvalidRequest, Description: "A parameter is not valid UTF-8."},
	ParameterNUL:      {Code: InvalidRequest, Description: "A parameter contains a NUL character."},
	ParameterTooLong:  {Code: InvalidRequest, Description: "A parameter is too long."},
	ParameterRepeated: {Code: InvalidRequest, Description: "A parameter is sent more than once."},

	RedirectURIMissing:      {Code: InvalidRequest, Description: "The parameter redirect_uri is missing."},
	RedirectURIUnregistered: {Code: InvalidRequest, Description: "The redirect URI is not registered for this client.", sentence: "The redirect URI is not registered for the client."},
	LogoutURIUnregistered:   {Code: InvalidRequest, Description: "The post_logout_redirect_uri is not registered for this client.", sentence: "The post_logout_redirect_uri is not registered for the client."},

	RegistrationParameter:    {Code: RegistrationNotSupported, Description: "The parameter registration is not supported."},
	ResponseTypeMissing:      {Code: InvalidRequest, Description: "The parameter response_type is missing."},
	ResponseTypeUnregistered: {Code: UnsupportedResponseType, Description: "This response type is not supported for this client.", sentence: "The response type is unknown or not registered for the client."},
	ResponseMode:             {Code: InvalidRequest, Description: "This response mode is not supported for this response type."},
	ScopeUnregistered:        {Code: InvalidScope, Description: "Every scope is unknown or the client is not registered for it."},
	ScopeMissing:             {Code: InvalidScope, Description: "The parameter scope is missing."},
	IDTokenWithoutOpenID:     {Code: InvalidScope, Description: "An ID token needs the scope openid."},
	NonceMissing:             {Code: InvalidRequest, Description: "The parameter nonce is missing."},
	ChallengeMissing:         {Code: InvalidRequest, Description: "The parameter code_challenge is missing."},
	ChallengeMethod:          {Code: InvalidRequest, Description: "The parameter code_challenge_method must be S256."},
	ChallengeMalformed:       {Code: InvalidRequest, Description: "The parameter code_challenge is not an S256 challenge."},
	ThumbprintMalformed:      {Code: InvalidRequest, Description: "The parameter dpop_jkt is not the thumbprint of a key."},
	ThumbprintOfAnotherKey:   {Code: InvalidRequest, Description: "The parameter dpop_jkt is not the thumbprint of the key of the DPoP proof."},
	PromptUnknown:            {Code: InvalidRequest, Description: "The parameter prompt has an unknown value."},
	PromptNoneNotAlone:       {Code: InvalidRequest, Description: "The value none of the parameter prompt stands alone."},
	MaxAge:                   {Code: InvalidRequest, Description: "The parameter max_age must be a number of seconds."},
	ClaimsMalformed:          {Code: InvalidRequest, Description: "The parameter claims is not a claims request."},
	ClaimsSeveralSubjects:    {Code: InvalidRequest, Description: "The parameter claims asks for different people."},
	ClaimsACR:                {Code: UnmetRequirements, Description: "The authentication context that was asked for is not supported."},
	HintUnusable:             {Code: InvalidRequest, Description: "The parameter id_token_hint is not an ID token of this server for this client."},
	HintOfAnotherSubject:     {Code: InvalidRequest, Description: "The parameters id_token_hint and claims ask for different people."},
	HintOfAnotherClient:      {Code: InvalidRequest, Description: "The parameters client_id and id_token_hint name different clients."},
	NotSignedIn:              {Code: LoginRequired, Description: "The person is not signed in.", expected: true},
	NotAgreed:                {Code: ConsentRequired, Description: "The person has not agreed to this yet.", expected: true},
	PersonRefused:            {Code: AccessDenied, Description: "The person refused the request.", expected: true},

	RequestURIPushed:       {Code: InvalidRequest, Description: "The parameter request_uri cannot be pushed."},
	MustPush:               {Code: InvalidRequest, Description: "The authorization requests of this client must be pushed."},
	PushedUnknown:          {Code: InvalidRequestURI, Description: "The request_uri is unknown."},
	PushedOver:             {Code: InvalidRequestURI, Description: "The request_uri has expired, was used before, or belongs to another browser."},
	PushedUsed:             {Code: InvalidRequestURI, Description: "The request_uri was used before."},
	RequestAndRequestURI:   {Code: InvalidRequest, Description: "The parameters request and request_uri must not come together."},
	RequestURIUnsupported:  {Code: RequestURINotSupported, Description: "This client is not registered for request_uri."},
	RequestURIUnregistered: {Code: InvalidRequestURI, Description: "The request_uri is not registered for this client."},
	RequestURIUnreachable:  {Code: InvalidRequestURI, Description: "The request_uri could not be fetched."},
	MustSign:               {Code: InvalidRequest, Description: "The authorization requests of this client must be signed."},
	ObjectNotSupported:     {Code: RequestNotSupported, Description: "This client is not registered for request objects."},
	ObjectParameter:        {Code: InvalidRequestObject, Description: "A parameter of the request object is not a text."},
	ObjectAlgorithm:        {Code: InvalidRequestObject, Description: "The request object is not a JWT of an algorithm that this client is registered for."},
	ObjectType:             {Code: InvalidRequestObject, Description: "The JWT is not a request object."},
	ObjectSignature:        {Code: InvalidRequestObject, Description: "No registered key fits the signature of the request object."},
	ObjectSigned:           {Code: InvalidRequestObject, Description: "The request object of this client must be unsigned."},
	ObjectMalformed:        {Code: InvalidRequestObject, Description: "The request object is not a JWT."},
	ObjectJSON:             {Code: InvalidRequestObject, Description: "The request object does not hold one JSON object without repeated names."},
	ObjectWithoutClient:    {Code: InvalidRequestObject, Description: "The request object does not hold the client_id."},
	ObjectMismatch:         {Code: InvalidRequestObject, Description: "The request object is not for the same parameters as the request."},
	ObjectIssuer:           {Code: InvalidRequestObject, Description: "The request object is not issued by the client."},
	ObjectSubject:          {Code: InvalidRequestObject, Description: "The subject of a request object must not be the client."},
	ObjectAudience:         {Code: InvalidRequestObject, Description: "The request object is not for this server."},
	ObjectNested:           {Code: InvalidRequestObject, Description: "A request object must not hold another."},
	ObjectTime:             {Code: InvalidRequestObject, Description: "The request object has expired, or one of its times is in the future or not a number."},
}
