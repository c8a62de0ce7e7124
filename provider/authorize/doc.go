// Package authorize owns the authorization endpoint (RFC 6749 section 3.1, OIDC Core section 3) and the endpoint at which clients push requests to
// it (RFC 9126).
//
// A request is read and validated (request.go), with what the client pushed ahead (pushed.go) or put into a request object (requestobject.go).
// What it needs next is decided from stored facts alone (package decision). While a person visits pages, the request waits as a flow
// (freeze.go), of which [Endpoint.Describe] tells the pages what to show; each page ends by leading back here, where the whole question is asked
// again. In the end a grant is stored and the client gets its answer (issue.go, respond.go).
//
// Who is signed in is known from [SignIns]: a half-done sign-in has no value there, so that no code can be issued for it.
//
// What it leaves to others: what codes and tokens are (packages token and engine), the pages that ask for passwords, codes and consent, and what
// is shown in place of an answer (package page).
package authorize
