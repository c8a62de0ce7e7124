package login

import (
	"net/http"
	"time"
)

// The cookies by their plain names; over https they have the prefix __Host-, which ties them to this very host.
const (
	sessionCookie  = "postern_session"  // a complete sign-in
	halfCookie     = "postern_signin"   // a half-done one
	browserCookie  = "postern_browser"  // tells this browser from others
	deviceCookie   = "postern_device"   // budgets of its own for a browser that signed in before
	ticketCookie   = "postern_ticket"   // the secret of an invitation
	verifyCookie   = "postern_verify"   // the secret of a link that proves an e-mail address
	mailedCookie   = "postern_mailed"   // what was typed on the page that sent a mail, for the page that says so
	resetCookie    = "postern_reset"    // the secret of a link to a new password
	disownCookie   = "postern_disown"   // the secret of a link "this was not me"
	strengthCookie = "postern_strength" // of the password that was just chosen, from 0 to 4
	requestsCookie = "postern_requests" // the clients of the last requests in progress
	stateCookie    = "postern_state"    // no secret: what scripts can tell of the sign-in
)

const (
	untilClosed   = time.Duration(0)
	deviceLife    = 90 * 24 * time.Hour
	ticketLife    = 72 * time.Hour
	resetLife     = 30 * time.Minute
	disownLife    = time.Hour // the link lives longer, the page does not
	strengthLife  = time.Minute
	mailedLife    = 10 * time.Minute
	longestCookie = 512 // characters; no cookie of ours is longer
)

// cookies reads and writes them.
type cookies struct {
	secure   bool
	instance string // the end of every name, which other issuers on the host do not have
}

func (c cookies) name(plain string) string {
	if c.secure {
		return "__Host-" + plain + c.instance
	}
	return plain + c.instance
}

// get returns the value of a cookie; empty when there is none that could be ours.
func (c cookies) get(r *http.Request, plain string) string {
	cookie, err := r.Cookie(c.name(plain))
	if err != nil || len(cookie.Value) > longestCookie {
		return ""
	}
	return cookie.Value
}

// set stores a cookie for life, or until the browser is closed.
func (c cookies) set(w http.ResponseWriter, plain, value string, life time.Duration) {
	c.write(w, plain, value, int(life/time.Second))
}

func (c cookies) clear(w http.ResponseWriter, plain string) { c.write(w, plain, "", -1) }

func (c cookies) write(w http.ResponseWriter, plain, value string, maxAge int) {
	http.SetCookie(w, c.cookie(plain, value, maxAge))
}

func (c cookies) cookie(plain, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: c.name(plain), Value: value, Path: "/", MaxAge: maxAge, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
