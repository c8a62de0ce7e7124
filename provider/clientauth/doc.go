// Package clientauth owns how clients prove who they are: by a secret, or by a JWT that they sign (private_key_jwt). It reads the credentials of a
// request ([Authenticator.Authenticate]), verifies what a client has signed with the keys that it registered, request objects included
// ([Authenticator.RequestObject]), and bounds what wrong credentials cost ([Budget]).
//
// All clients that fail to authenticate get the same answer after the same work, whether they are unknown, disabled or use wrong credentials; only
// the log tells them apart.
//
// It leaves to others which methods and keys a client has registered (package client), and what a request object says (package authorize).
package clientauth
