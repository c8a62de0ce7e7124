// Package logout owns the end of a session as clients see it. It has the endpoint to which they send a browser to sign out (OIDC
// RP-Initiated Logout), the logout notices that Postern sends to their servers (OIDC Back-Channel Logout) or loads in the browser (OIDC
// Front-Channel Logout), and the frame that their pages ask whether the session has changed (OIDC Session Management).
//
// [Endpoints] serves browsers; [Notifier] sends the notices to servers, in the background. Client sessions say which clients to notify: storing a
// grant also records that the session was used at the client. Whenever a session ends, package storage makes its notices due in the same transaction.
// The grant of a device is not recorded, because it does not depend on the session of the browser in which the person allowed it.
//
// It leaves to others ending the session itself ([SignIns]), what a logout token contains (package token), and how pages look (package templates).
package logout
