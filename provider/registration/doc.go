// Package registration owns the endpoints at which apps register themselves as clients (RFC 7591, OIDC Registration) and manage what they
// registered (RFC 7592). It decides which token a request needs and how many clients an address may register without one. Package client
// decides which metadata can be registered.
package registration
