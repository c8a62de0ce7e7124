// Package oauth owns how a request of a client is refused: a closed list of rules (Rule), and for each the error that the client is told, as
// the specifications have it, and the sentence that operators read in the log. Clients that do not authenticate all get one answer; the log
// tells a wrong secret from a wrong method and from an unknown client.
//
// A Refusal holds what was received beside what is registered, and never a secret, code, token or verifier: Compare takes out what looks like
// one.
//
// It leaves to package provider how a refusal is written, and who is told.
package oauth
