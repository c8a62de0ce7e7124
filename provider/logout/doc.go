// Package logout owns the end of a session as clients see it: the endpoint to which they send a browser to sign out (OIDC RP-Initiated Logout), the
// logout notices that Postern sends to their servers (OIDC Back-Channel Logout) or loads in the browser (OIDC Front-Channel Logout), and the
// frame that their pages ask whether the session has changed (OIDC Session Management).
//
// [Endpoints] serves browsers; [Notifier] sends the notices to servers, in the background. Which notices there are is stored with the grants:
// a client session becomes due when its session ends, whoever ends it.
//
// What it leaves to others: ending the session itself ([SignIns]), what a logout token is (package token), and how pages look (package templates).
package logout
