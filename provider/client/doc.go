// Package client owns what an OAuth 2.0 client is: which metadata it may register (RFC 7591 section 2, OIDC Registration
// section 2), which redirect URIs it may use, how it proves itself with a secret, and the operations on clients that commands,
// the administration API and registration share. A Registry keeps parsed clients in memory, so that a request costs no query.
//
// The rules are stricter than the specifications where those leave room: redirect URIs are compared as strings, unsigned and
// HMAC-signed ID tokens cannot be registered, and every change is a compare-and-set that writes its audit entry in the
// same transaction.
//
// What it leaves to package provider: which of the registered methods a request used, client assertions, and everything that
// depends on a request. Rows and keyed hashes are package storage's.
package client
