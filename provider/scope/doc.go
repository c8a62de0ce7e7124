// Package scope owns what an app may have of a person: the registry of scopes and of the claims that they bring (OIDC Core section 5.4), the
// claims parameter (section 5.5), what a client may ask for, whether a person has agreed to it, its words on pages, and which claims are
// released in the end.
//
// A claim that is asked for by name counts as what it is. A client gets it only when it is registered for the scope that brings it, or for the
// claim itself, when that is an attribute of the operator's own; the person is asked for it by name, and agreeing to a scope includes the
// claims that the scope brings.
//
// What it leaves to others: which person is signed in, when to ask, and the claims that say how somebody signed in (iss, acr, nonce and
// their like), which are package token's. It never releases a claim by one of those names. Package consent shows the question and stores the
// answer.
package scope
