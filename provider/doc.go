// Package provider is the face of the protocol: it builds the packages that serve the OAuth 2.0 and OpenID Connect endpoints, mounts them, and runs
// what happens in the background.
//
// # Routes
//
//	GET, POST /oauth2/auth                                                            provider/authorize
//	POST /oauth2/par                                                                  provider/authorize
//	POST /oauth2/token                                                                provider/exchange
//	POST /oauth2/device_authorization                                                 provider/device
//	GET, POST /device                                                                 provider/device
//	POST /oauth2/revoke                                                               provider/resource
//	POST /oauth2/introspect                                                           provider/resource
//	GET, POST /userinfo                                                               provider/resource
//	GET, POST /oauth2/logout                                                          provider/logout
//	GET /oauth2/check_session                                                         provider/logout
//	POST /oauth2/register                                                             provider/registration, unless closed
//	GET, PUT, DELETE /oauth2/register/CLIENT_ID                                       provider/registration, unless closed
//	GET  /.well-known/openid-configuration, /.well-known/oauth-authorization-server   provider/discovery
//	GET  /.well-known/jwks.json                                                       provider/discovery
//
// # Floors
//
// A package imports from lower floors only:
//
//	authorize, device, discovery,  endpoints
//	exchange, logout,
//	registration, resource
//	engine                         the library fosite, which nothing else knows
//	clientauth                     how clients authenticate
//	token, decision, page          codes and tokens; what a request needs next; pages in place of an answer
//	oauth, scope                   requests read, refused and answered; scopes and claims
//	client, keys                   what clients register; signing keys
//	limit, fetch                   limits in memory; requests to URLs of clients
package provider
