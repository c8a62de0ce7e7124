// Package oauth owns the HTTP side of OAuth 2.0 that every endpoint shares: parameters read strictly ([QueryAndForm], [FormAlone]), requests
// refused by a closed list of rules ([Rule], [Refusal]), and answers written, with what browsers and caches may do with them ([Endpoints]).
//
// Each rule has the error that the client is told, as the specifications have it, and the sentence that operators read in the log. Clients that do
// not authenticate all get one answer; the log tells a wrong secret from a wrong method and from an unknown client. [RefusalOf] turns every
// other error into a refusal, and [LogRefusal] writes the one line that operators read.
//
// A [Refusal] holds what was received beside what is registered, and never a secret, code, token or verifier: [Refusal.Compare] takes out what
// looks like one.
//
// What it leaves to others: pages that people see, which are package page's, and every rule about what a parameter may say.
package oauth
