// Package engine owns the protocol library fosite; no other package knows it. It composes the handlers that are wanted and nothing else, mends
// what they lack, and gives them codes, tokens and grants in place of a database of sessions.
//
// What one request reads and writes is collected in a [Unit] of work: one read when a grant is first needed, and, by the caller, one conditional
// write after the whole answer has been made. So a failure on the way spends nothing, and of two requests that show the same code one wins.
//
// [Engine.Authorize] makes what an authorization response brings, and [Engine.Exchange] the answer of the token endpoint. Neither reads a raw
// request or writes an answer. Errors of fosite leave the package as an [oauth.Refusal].
//
// What it leaves to others: what codes and tokens are (package token), who a client is (package clientauth), reading and validating requests, and
// writing grants (packages authorize and exchange).
package engine
