package oauth

import "net/http"

// What clients are told where the cause is nobody's business.
const (
	textInvalidClient = "The client could not be authenticated."
	textInvalidGrant  = "The code or token is invalid, expired, used up or was issued to another client."
	textInvalidToken  = "The access token is invalid, expired or revoked."
)

// answer is what a client is told when it breaks a rule: the status of a direct answer, 400 if it is not there, and an error of a code that a
// specification lists. sentence says for the log what is wrong, where the description does not.
type answer struct {
	Status            int
	Code, Description string
	sentence          string
	// expected says that the protocol has apps break the rule all day: a silent renewal while nobody is signed in, a device that polls.
	expected bool
}

// answers has the answer for each rule.
var answers = map[Rule]answer{

	BodyCompressed:    {Status: http.StatusUnsupportedMediaType, Code: InvalidRequest, Description: "The body must not be compressed."},
	BodyType:          {Status: http.StatusUnsupportedMediaType, Code: InvalidRequest, Description: "The body must be application/x-www-form-urlencoded, in UTF-8."},
	BodyTooLarge:      {Status: http.StatusRequestEntityTooLarge, Code: InvalidRequest, Description: "The body is too large."},
	BodySlow:          {Status: http.StatusRequestTimeout, Code: InvalidRequest, Description: "The body did not arrive in time."},
	BodyUnreadable:    {Code: InvalidRequest, Description: "The body could not be read."},
	RequestTooLarge:   {Status: http.StatusRequestURITooLong, Code: InvalidRequest, Description: "The request is too large."},
	ParametersInQuery: {Code: InvalidRequest, Description: "Parameters belong into the body, not into the query."},
	TooManyParameters: {Code: InvalidRequest, Description: "There are too many parameters."},
	ParameterEncoding: {Code: InvalidRequest, Description: "A parameter is not form-encoded."},
	ParameterUTF8:     {Code: InvalidRequest, Description: "A parameter is not valid UTF-8."},
	ParameterNUL:      {Code: InvalidRequest, Description: "A parameter contains a NUL character."},
	ParameterTooLong:  {Code: InvalidRequest, Description: "A parameter is too long."},
	ParameterRepeated: {Code: InvalidRequest, Description: "A parameter is sent more than once."},

	RedirectURIMissing:      {Code: InvalidRequest, Description: "The parameter redirect_uri is missing."},
	RedirectURIUnregistered: {Code: InvalidRequest, Description: "The redirect URI is not registered for this client.", sentence: "The redirect URI is not registered for the client."},
	LogoutURIUnregistered:   {Code: InvalidRequest, Description: "The address to go on to is not registered for this client.", sentence: "The post_logout_redirect_uri is not registered for the client."},

	RegistrationParameter:    {Code: RegistrationNotSupported, Description: "The parameter registration is not supported."},
	ResponseTypeMissing:      {Code: InvalidRequest, Description: "The parameter response_type is missing."},
	ResponseTypeUnregistered: {Code: UnsupportedResponseType, Description: "This response type is not supported for this client.", sentence: "The response type is unknown or not registered for the client."},
	ResponseMode:             {Code: InvalidRequest, Description: "This response mode is not supported for this response type."},
	ScopeUnregistered:        {Code: InvalidScope, Description: "A scope is unknown or the client is not registered for it."},
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
	ObjectTime:             {Code: InvalidRequestObject, Description: "The request object has expired, or one of its times is in the future or no number."},

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
	AssertionExpired:     {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The exp of the client assertion is missing or passed."},
	AssertionTooLong:     {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The exp of the client assertion is too far ahead."},
	AssertionEarly:       {Status: http.StatusUnauthorized, Code: InvalidClient, Description: textInvalidClient, sentence: "The iat or nbf of the client assertion is ahead."},
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

	GrantTypeMissing:       {Code: InvalidRequest, Description: "The parameter grant_type is missing."},
	GrantTypeUnknown:       {Code: UnsupportedGrantType, Description: "This grant type is not supported."},
	GrantTypeUnregistered:  {Code: UnauthorizedClient, Description: "The client is not registered for this kind of request.", sentence: "The client is not registered for this grant type."},
	GrantRefused:           {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code or token is unknown, expired, used up, of another client, or came with another redirect URI."},
	CodeUnknown:            {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code is unknown."},
	CodeOfAnotherClient:    {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code was issued to another client."},
	CodeEnded:              {Code: InvalidGrant, Description: textInvalidGrant, sentence: "What the code stands for was ended: the person was signed out or disabled, or the grant was revoked."},
	CodeOfAnotherKey:       {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code is bound to the key of another DPoP proof."},
	CodeUsed:               {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code was used before. Everything that was issued for it is revoked."},
	CodeExpired:            {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code has expired."},
	CodeRedirectURI:        {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The redirect URI is not that of the authorization request."},
	CodeVerifier:           {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The code_verifier does not fit the challenge of the authorization request, or is missing."},
	RefreshUnknown:         {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token is unknown."},
	RefreshOfAnotherClient: {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token was issued to another client."},
	RefreshEnded:           {Code: InvalidGrant, Description: textInvalidGrant, sentence: "What the refresh token stands for was ended: the person was signed out or disabled, or the grant was revoked."},
	RefreshExpired:         {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token was not used for too long."},
	RefreshOfAnotherKey:    {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token is bound to the key of another DPoP proof."},
	RefreshUsed:            {Code: InvalidGrant, Description: textInvalidGrant, sentence: "The refresh token was used before. Everything that was issued for it is revoked."},
	DeviceCodeMissing:      {Code: InvalidRequest, Description: "The parameter device_code is missing."},
	DeviceCodeExpired:      {Code: ExpiredToken, Description: "The device code has expired."},
	DeviceSlowDown:         {Code: SlowDown, Description: "The device asks too often: its interval is 5 seconds longer from now on.", expected: true},
	DevicePending:          {Code: AuthorizationPending, Description: "The person has not decided yet.", expected: true},
	ScopeRefused:           {Code: InvalidScope, Description: "A scope is unknown or the client is not registered for it.", sentence: "A scope was not granted, or the client is not registered for it."},
	TokenRequestMalformed:  {Code: InvalidRequest, Description: "A parameter is missing or malformed.", sentence: "A parameter of the token request is missing or malformed."},

	TokenInQuery:              {Code: InvalidRequest, Description: "An access token does not belong into the query."},
	TokenSeveral:              {Code: InvalidRequest, Description: "The access token is sent more than once."},
	TokenMissing:              {Status: http.StatusUnauthorized, sentence: "The request has no access token."},
	AccessTokenUnknown:        {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The access token is not one of this server, or has expired."},
	AccessTokenEnded:          {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "What the access token stands for was ended: the person was signed out or disabled, or the grant, the token or the client was ended."},
	AccessTokenScheme:         {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The access token is bound to a key and came without a proof of it, or is not bound and came with one."},
	AccessTokenAudience:       {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The access token is meant for other resource servers alone."},
	AccessTokenKey:            {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The DPoP proof is of another key than the access token is bound to."},
	AccessTokenScope:          {Status: http.StatusForbidden, Code: InsufficientScope, Description: "The access token needs the scope openid."},
	IntrospectionTokenMissing: {Code: InvalidRequest, Description: "The parameter token is missing."},

	RegistrationToken:    {Status: http.StatusUnauthorized, Code: InvalidToken, Description: textInvalidToken, sentence: "The token is not good for registering another client, or not that of this client."},
	RegistrationFull:     {Status: http.StatusForbidden, Code: AccessDenied, Description: "No more clients can register without an initial access token."},
	RegistrationType:     {Status: http.StatusUnsupportedMediaType, Code: InvalidClientMetadata, Description: "The body must be application/json, in UTF-8."},
	RegistrationBody:     {Code: InvalidClientMetadata, Description: "The body is too large or could not be read."},
	RegistrationMetadata: {Code: InvalidClientMetadata, Description: "The metadata of the client cannot be registered.", sentence: "The metadata of the client cannot be registered."},
	RegistrationClientID: {Code: InvalidClientMetadata, Description: "The client_id must be that of this client."},
	RegistrationSecret:   {Code: InvalidClientMetadata, Description: "The client_secret is not that of this client, and cannot be chosen."},
	RegistrationChanged:  {Status: http.StatusConflict, Code: InvalidClientMetadata, Description: "The registration was changed at the same time. Please read it again."},

	TooMany: {Status: http.StatusTooManyRequests, sentence: "Too many requests of this kind."},
	Outage:  {Status: http.StatusServiceUnavailable, Code: TemporarilyUnavailable, Description: "The service is unavailable for a moment. Please try again."},
	Fault:   {Status: http.StatusInternalServerError, Code: ServerError, Description: "The request could not be completed because of a fault of this server."},
}
