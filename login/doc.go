// Package login owns the pages on which people sign in, set up their account and sign out.
//
//	/login                   user name and password
//	/login/code              one-time code
//	/login/recovery          recovery code
//	/login/enroll            new authenticator: QR code, key, confirmation
//	/login/codes             its recovery codes, shown until they are acknowledged
//	/login/cancel            gives up the request in progress
//	/login/password          a new password, because somebody else has the current one
//	/login/enroll/link       mails an invitation to someone without an authenticator
//	/invite                  an invitation: choose a password
//	/register, /register/sent
//	                         sign-up: asks for an account, where anybody may have one
//	/verify, /verify/done    a mailed link: the password of a new account, or the button that confirms an e-mail address
//	/reset, /reset/sent      asks for a link to a new password
//	/reset/new, /reset/done  the link: choose it
//	/reset/not-me            the link in a mail about a sign-in in a new browser: it was somebody else
//	/logout                  sign out
//
// # Levels
//
// A person types the password, and the browser has a half-done sign-in; then a code, and it has a session. What a browser has is in
// login/browser. A session that was completed after somebody else was found to have the password is held: only /login/password and /logout
// accept it.
//
// # Where a sign-in leads
//
// A page that belongs to a request in progress carries the request's id in the query (flow) and ends with a redirect to
// [Provider.ContinueURL], where package provider decides what comes next. Without a flow, a sign-in ends at the section of the account pages
// that the query names (to), or at /account. Links that are mailed during a request carry its flow, too; in another browser it means nothing.
// A request that is over still has its app, to which the person gets back.
//
// # One-time links
//
// The secret of a mailed link leaves the address at once, for a cookie of its purpose. Programs that scan mail follow links, so a link alone
// changes nothing.
//
// # What it leaves to others
//
// Every rule about accounts is in login/account: a handler here parses a form, makes one call and shows a page. What the pages look like is in
// templates. The account pages are in login/self. The caller mounts net/http.CrossOriginProtection around the routes and sets the proxies that
// gin trusts.
package login
