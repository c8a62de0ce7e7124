// Package client owns OAuth 2.0 clients: their metadata, redirect URIs and secrets, and the operations on them. Commands and registration
// share these operations; RFC 7591 section 2 and OIDC Registration section 2 define the metadata. A Registry keeps parsed clients in
// memory, so that a request costs no query.
//
// The rules are stricter than the specifications where those leave room: redirect URIs are compared as strings, HMAC-signed ID tokens
// cannot be registered at all and unsigned ones only by clients whose ID tokens never pass through a browser (OIDC Core section 2), and
// every change is a compare-and-set that writes its audit entry in the same transaction.
//
// The table in members.go says for each member of the metadata who may set it, which values it has and how commands name it.
//
// It leaves to package clientauth whether a request used the registered method, client assertions, and everything else that depends on a request, and
// to package storage the rows and keyed hashes.
package client
