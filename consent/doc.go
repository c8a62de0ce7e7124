// Package consent asks a person whether a client may have the access that it requests, and remembers the answer.
//
//	/consent   the question
//
// A consent is remembered for each user and client until it is withdrawn, and scopes that are granted later are added to it. It is read
// together with the session ([storage.SignIn.Consent]). A refusal is remembered for the request in progress only.
//
// The account pages list the apps that have access with [Consent.Apps] and end an app's access with [Consent.Withdraw], which removes the
// consent and every grant, including grants for which nobody was asked.
//
// Package provider decides when to ask, sends the browser to /consent, goes on at [Provider.ContinueURL], and tells the client of a
// refusal. The caller puts [net/http.CrossOriginProtection] around the routes.
package consent
