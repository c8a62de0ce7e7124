// Package scope owns what an app may learn about a person. It has the registry of scopes and of the claims that they bring (OIDC Core
// section 5.4), the claims parameter (section 5.5), what a client may ask for, whether a person has agreed to it, its words on pages, and
// which claims are released in the end.
//
// Asking for a claim by name does not get around scopes. A client gets the claim only if it is registered for the scope that includes it, or, for an
// operator-defined claim, for the claim itself. The person is asked for the claim by name; agreeing to a scope includes its claims.
//
// It leaves to others which person is signed in and when to ask. Package token sets the claims about the sign-in itself (iss, acr, nonce and the
// like), and this package never releases a claim by one of those names. Package consent asks the person and stores the answer.
package scope
