// Package identity owns what may be said about a person: e-mail address, user name, groups and claims, how a typed name is read, and what
// makes a new account complete. It does not use the storage, so it does not know whether a name is taken.
package identity
