// Package authorize owns the authorization endpoint (RFC 6749 section 3.1, OIDC Core section 3) and the endpoint at which clients push requests to
// it (RFC 9126).
//
// A request is read and validated (request.go), with the parameters that the client pushed (pushed.go) or put into a request object
// (requestobject.go). Stored facts alone decide what it needs next (package decision). While a person visits pages, the request waits as a flow
// (freeze.go), and [Endpoint.Describe] tells the pages what to show. Each page leads back here, where everything is decided anew. In the end a grant
// is stored and the client gets its answer (issue.go, respond.go).
//
// [SignIns] tells who is signed in. It has no value for a sign-in with one factor only, so no code can be issued for it.
//
// It leaves to others what codes and tokens are (packages token and engine), the pages that ask for passwords, codes and consent, and the pages in
// place of an answer (package page).
package authorize
