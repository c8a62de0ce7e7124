// Package provider serves the OAuth 2.0 and OpenID Connect endpoints and decides what an authorization request needs next.
//
// # Routes
//
//	GET  /.well-known/openid-configuration, /.well-known/oauth-authorization-server   discovery.go
//	GET  /.well-known/jwks.json                                                       discovery.go
//	GET, POST /oauth2/auth                                                            authorize.go
//	POST /oauth2/par                                                                  par.go
//	POST /oauth2/device_authorization                                                 device.go
//	GET, POST /device                                                                 devicepage.go
//	POST /oauth2/token                                                                token.go
//	POST /oauth2/revoke                                                               revoke.go
//	POST /oauth2/introspect                                                           introspect.go
//	POST /oauth2/register                                                             registration.go, unless closed
//	GET, PUT, DELETE /oauth2/register/CLIENT_ID                                       registration_manage.go, likewise
//	GET, POST /userinfo                                                               userinfo.go
//	GET, POST /oauth2/logout                                                          logout.go, frontchannel.go
//	GET /oauth2/check_session                                                         sessionstate.go
//
// # One request
//
// parameters.go turns the raw request into validated, single-valued parameters. authrequest.go judges an authorization
// request, decide.go says what it needs next from stored facts alone, and describe.go tells the pages what to show.
//
// The engine is fosite, wrapped so that it neither reads a raw request nor writes an answer: engine.go composes the handlers
// that are wanted, engine_handlers.go mends them, engine_tokens.go makes codes and tokens, engine_storage.go is its database.
// What it reads and writes during one request is collected in a unit of work (unitofwork.go): one read, and one
// conditional write after the whole answer has been made. That statement decides races; losing it is invalid_grant.
//
// A device without a browser (RFC 8628) gets two codes from device.go. The person types the short one at /device, where a frozen
// request leads through the sign-in to the question; a yes makes a grant whose code is the long one, with which the device polls.
//
// A client may be told when sessions end that have been at it (OIDC Back-Channel Logout). issue.go notes the visit with the grant, the database
// makes it due when the session ends, whoever ends it, and the loop in backchannel.go sends the token that logouttoken.go signs. The grant of
// a device is no visit: it does not hang on the session of the browser in which it was approved.
// The same visits say whose frames the browser shows at sign-out (OIDC Front-Channel Logout): frontchannel.go.
//
// A request that is refused ends in an oauth.Refusal, which names the rule that was broken. translate (errors.go) makes every other error one,
// and logRefusal (asker.go) writes the one line that operators read.
//
// # What it leaves to others
//
// Which rules there are, and what clients are told: provider/oauth.
//
// Who is signed in (interface SignIns): a half-done sign-in has no value there, so that no code can be issued for one.
// Asking for passwords, codes and consent: pages at addresses that are handed in. Keys: provider/keys. The registration
// of clients: provider/client.
package provider
