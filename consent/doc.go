// Package consent asks a person whether a client may have what it wants, and remembers the answer.
//
//	/consent        the question
//	/account/apps   which apps have access; ending it
//
// An answer is remembered per user and client, until it is withdrawn; scopes that are granted later are added to it. It is
// read with the session (storage.SignIn.Consented). Refusing is remembered for the request in progress only.
// Ending an app's access removes the answer and ends every grant, also one that no answer was asked for.
//
// What it leaves to others: when to ask is decided in package provider, which sends the browser to /consent and goes on at
// Config.ContinueURL; how a refusal reaches the client is provider's business too. The caller mounts
// net/http.CrossOriginProtection around the routes.
package consent
