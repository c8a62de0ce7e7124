// Package login owns the pages on which people sign in, set up their account and sign out, and the browser's session.
//
//	/                               leads to /account
//	/login                          user name and password
//	/login/code                     one-time code
//	/login/recovery                 recovery code
//	/login/enroll                   new authenticator: QR code, key, confirmation
//	/login/codes                    its recovery codes, shown until they are acknowledged
//	/login/cancel                   gives up the request in progress
//	/login/password                 a new password, because somebody else has the one that was right
//	/login/enroll/link              mails an invitation to who has no authenticator
//	/invite                         an invitation: choose a password
//	/register, /register/sent       asks for an account, where registration is open
//	/verify, /verify/done           a mailed link: the password of a new account, or the button that confirms an address
//	/reset, /reset/sent             asks for a link to a new password
//	/reset/new, /reset/done         the link: choose it
//	/.well-known/change-password    leads password managers to /account/password
//	/account                        overview
//	/account/profile                what people say about themselves
//	/account/authenticators         what makes their codes: added, last used
//	/account/authenticators/new     one more, or (replaces) in place of one
//	/account/authenticators/rename  and remove: one of them, named by id
//	/account/codes                  how many recovery codes are left
//	/account/codes/new              new ones, shown until they are put into force
//	/account/password               another password
//	/account/email                  another address, and whether this one is known to be theirs
//	/account/sessions               where they are signed in; ending one or all others
//	/account/activity               what happened to the account
//	/account/data                   their data for download
//	/account/close                  deletes the account
//	/account/closed                 says that it is gone
//	/logout                         sign out
//
// # Levels
//
// A browser has at most one half-done sign-in (cookie postern_signin, bound to this browser by postern_browser) and one
// session (cookie postern_session). They are different cookies with different values, so nothing that was planted before a
// level is worth anything after it. Cookies hold random secrets; the database knows their hashes.
//
// A session that was completed after somebody else was found to have the password is held: to everything but /login/password and /logout
// it is none.
//
// The names of cookies end in a mark of the issuer (browser.Config.Instance), because a host may have several issuers.
//
// Scripts can read one cookie, postern_state: it tells that the session has changed, and nothing else.
//
// The secrets of mailed links leave the address at once, into cookies of their own: postern_ticket (invitation), postern_verify and
// postern_reset. One is never good for what another is for. Programs that scan mail follow links, so that a link alone changes nothing.
//
// A page that belongs to a request in progress carries its id in the query (flow) and ends with a redirect to
// Config.ContinueURL, where package provider decides what comes next. Without one it ends at /account. Links mailed on the way carry the
// flow, too, and mean nothing by it in another browser. A cookie, postern_requests, knows the clients of the last requests of this browser,
// so that the person gets back to the app when the request is over.
//
// # What it leaves to others
//
// Every rule about accounts is in login/account: a handler here parses a form, makes one call and shows a page. What the pages look
// like is in templates. The caller mounts net/http.CrossOriginProtection around the routes and sets the proxies that gin trusts.
package login
