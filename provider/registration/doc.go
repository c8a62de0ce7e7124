// Package registration owns the endpoints at which apps register themselves as clients (RFC 7591, OIDC Registration) and manage what they registered
// (RFC 7592): which token a request needs, how often an address may register without one, and the answers. What may be registered is decided in
// package client.
package registration
