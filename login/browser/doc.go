// Package browser owns what Postern keeps in a person's browser, all of it in cookies. It tells the web applications what a browser has: a
// session ([Sessions.Current]), a half-done sign-in ([Sessions.Half]), the trust of an earlier sign-in ([Sessions.TrustedBrowser]).
//
//	postern_session    the secret of a complete sign-in
//	postern_signin     the secret of a half-done one
//	postern_browser    tells this browser from others; a half-done sign-in is bound to it
//	postern_device     a trusted browser: one in which somebody signed in before
//	postern_state      what scripts may know of the session: that it has changed
//	postern_requests   the clients of the last authorization requests
//	postern_ticket, postern_verify, postern_reset, postern_disown
//	                   the secrets of one-time links, one cookie a purpose
//	postern_mailed, postern_strength
//	                   what the next page says
//
// A browser has at most one half-done sign-in and one session. They are different cookies with different values, so nothing that was
// planted before a level is worth anything after it. Cookies hold random secrets; the database knows their hashes.
//
// The names of cookies end in a mark of the issuer ([Config.Instance]), because a host may have several issuers.
//
// Which page comes next is not decided here, and the rules about sign-ins are in login/account.
package browser
