// Package self owns the account pages: what people see and change of their own account.
//
//	/                               leads to /account
//	/.well-known/change-password    leads password managers to /account/password
//	/account                        overview
//	/account/profile                what people say about themselves
//	/account/authenticators         what makes their codes: added, last used
//	/account/authenticators/new     one more, or (replaces) in place of one
//	/account/authenticators/rename  and remove: one of them, named by id
//	/account/codes                  how many recovery codes are left
//	/account/codes/new              new ones, shown until they are put into force
//	/account/password               another password
//	/account/email                  another e-mail address, and whether this one is known to be theirs
//	/account/sessions               where they are signed in; ending one or all others
//	/account/apps                   which apps have access; ending it
//	/account/activity               what happened to the account
//	/account/data                   their data for download
//	/account/close                  deletes the account
//	/account/closed                 says that it is gone
//
// A page requires a complete sign-in, and sensitive pages one of the last ten minutes. Otherwise the browser is redirected to
// /login?to=SECTION, and the sign-in leads back to the section.
//
// # What it leaves to others
//
// Every rule about accounts is in login/account, and the access of apps is in consent: a handler here parses a form, makes one call and
// shows a page. Cookies are in login/browser. The caller mounts net/http.CrossOriginProtection around the routes and sets the proxies that
// gin trusts.
package self
