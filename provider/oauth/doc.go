// Package oauth owns the HTTP side of OAuth 2.0 that every endpoint shares. It reads parameters strictly ([QueryAndForm], [FormAlone]),
// refuses requests by a closed list of rules ([Rule], [Refusal]), and writes answers, with what browsers and caches may do with them
// ([Endpoints]).
//
// Each rule has the error that the client gets, with a code from a specification, and the sentence that operators read in the log. All clients that
// fail to authenticate get the same answer; only the log tells a wrong secret from a wrong method or an unknown client. [RefusalOf] turns every other
// error into a refusal, and [LogRefusal] writes the line that operators read.
//
// A [Refusal] can hold the received value and the registered ones, but never a secret, code, token or verifier: [Refusal.Compare] removes whatever
// looks like one.
//
// It leaves the pages that people see to package page, and what a parameter may contain to the packages that read it.
package oauth
