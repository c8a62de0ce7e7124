// Package consent asks a person whether a client may have what it wants, and remembers the answer.
//
//	/consent   the question
//
// An answer is remembered per user and client until it is withdrawn; scopes that are granted later are added to it. It is read with the
// session ([storage.SignIn.Consented]). A refusal is remembered for the request in progress only.
//
// [Consent.Apps] and [Consent.Withdraw] are for the account pages: which apps have access, and ending it. Ending an app's access removes the
// answer and every grant, including grants for which nobody was asked.
//
// What it leaves to others: package provider decides when to ask, sends the browser to /consent and goes on at [Provider.ContinueURL]; how a
// refusal reaches the client is provider's business too. The caller mounts net/http.CrossOriginProtection around the routes.
package consent
