// Package relyingparty is a small web app that signs people in through an
// OpenID Connect provider and shows what the provider says about them. It is
// the app of "postern demo" and of cmd/demo-rp.
//
// It has one page, its own session (in memory, with the cookie demo_app) and
// everything that a client must do: discovery, PKCE, state, nonce, the issuer
// of the answer (RFC 9207) and the checks of OIDC Core section 3.1.3.7. It
// leaves the protocol itself to coreos/go-oidc and golang.org/x/oauth2 and
// imports nothing of Postern, so that it uses the provider as any other app
// would.
//
//	GET  /           who is signed in, or the button to sign in
//	GET  /signin     begins a sign-in; ?prompt=login asks for a fresh one
//	GET  /callback   receives the provider's answer
//	POST /refresh    exchanges the refresh token
//	POST /signout    ends the app's own session
package relyingparty
