// Package discovery owns the documents that clients read to configure themselves: the metadata of the provider (OIDC Discovery, RFC 8414) and its
// public signing keys. Everybody gets the same bytes, which caches may keep for a while.
//
// It announces what other packages implement. It leaves to package keys which keys there are and when they change.
package discovery
