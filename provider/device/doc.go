// Package device owns the sign-in of devices without a browser (RFC 8628): the device authorization endpoint and the two pages at /device, which
// ask for the user code and then whether the device may have access.
//
// A device gets two codes (authorization.go). The person types the short one, the user code (codepage.go), and the request waits as a flow while the
// person signs in with both factors (flow.go). Then the person sees which client asks for what access and from where (question.go), and decides
// (decision.go). If the person allows it, a grant is stored that the device redeems with the long code, the device code, by polling the token
// endpoint.
//
// It leaves to others the token endpoint (package exchange), whether the person has to sign in again (package decision), and the page that asks for
// passwords.
package device
