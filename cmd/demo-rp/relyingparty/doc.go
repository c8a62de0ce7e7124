// Package relyingparty is a small web app that signs people in through an
// OpenID Connect provider and shows what it learned. It is the app of
// "postern demo" and of cmd/demo-rp.
//
// It owns one page, its own session (in memory, behind the cookie demo_app)
// and the duties of a client: discovery, PKCE, state, nonce, the issuer of the
// answer (RFC 9207) and the checks of OIDC Core 3.1.3.7. The protocol itself is
// left to coreos/go-oidc and golang.org/x/oauth2, so that the app meets the
// provider as any other would: it imports nothing of Postern.
//
//	GET  /           who is signed in, or the button to sign in
//	GET  /signin     begins a sign-in; ?prompt=login asks for a fresh one
//	GET  /callback   takes the provider's answer
//	POST /refresh    exchanges the refresh token
//	POST /signout    ends the app's own session
package relyingparty
