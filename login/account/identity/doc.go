// Package identity owns what may be said about a person: e-mail address, user name, groups and claims, how a typed name is read, and what
// makes a new account complete. It is pure: no storage is asked, so whether a name is taken is for others to find out.
package identity
