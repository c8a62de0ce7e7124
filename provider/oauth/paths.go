package oauth

// Paths of the endpoints, below the issuer. The discovery document announces them.
const (
	AuthorizePath           = "/oauth2/auth"
	PushPath                = "/oauth2/par"
	DeviceAuthorizationPath = "/oauth2/device_authorization"
	TokenPath               = "/oauth2/token"
	RevokePath              = "/oauth2/revoke"
	IntrospectPath          = "/oauth2/introspect"
	UserInfoPath            = "/userinfo"
	LogoutPath              = "/oauth2/logout"
	CheckSessionPath        = "/oauth2/check_session"
	RegisterPath            = "/oauth2/register"
	JWKSPath                = "/.well-known/jwks.json"
)
