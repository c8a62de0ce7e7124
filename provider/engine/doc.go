// Package engine owns the protocol library fosite; no other package knows it. It composes the handlers that are wanted and nothing else, mends
// what they lack, and gives them codes, tokens and grants in place of a database of sessions.
//
// A [Unit] of work collects what one request reads and writes: one read when the grant is first needed, and one conditional write, by the caller,
// after the whole answer has been made. So a failure on the way uses nothing up, and of two requests with the same code one wins.
//
// [Engine.Authorize] makes the contents of an authorization response, and [Engine.Exchange] those of a token response. Neither reads a raw request or
// writes an answer. Errors of fosite leave the package as an [oauth.Refusal].
//
// It leaves to others what codes and tokens are (package token), how clients authenticate (package clientauth), and how requests are validated and
// grants are written (packages authorize and exchange).
package engine
