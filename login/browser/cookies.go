package browser

import (
	"net/http"
	"time"
)

// Cookie is a cookie that pages read and write themselves, by [Sessions.Get], [Sessions.Set] and [Sessions.Clear].
type Cookie string

// The secrets of one-time links, and messages from one page to the next.
const (
	InvitationLink   Cookie = "postern_ticket"
	VerificationLink Cookie = "postern_verify"   // of the link that verifies an e-mail address
	ResetLink        Cookie = "postern_reset"    // of the reset link
	DisownLink       Cookie = "postern_disown"   // of the link "this was not me"
	Mailed           Cookie = "postern_mailed"   // what was typed on the page that sent a message, shown by the page after it
	Strength         Cookie = "postern_strength" // strength of the password that was just chosen, from 0 to 4
)

// Cookies that have methods of their own.
const (
	sessionCookie  Cookie = "postern_session"  // a complete sign-in
	halfCookie     Cookie = "postern_signin"   // a half-done sign-in
	browserCookie  Cookie = "postern_browser"  // tells this browser from others
	trustCookie    Cookie = "postern_device"   // marks a trusted browser
	requestsCookie Cookie = "postern_requests" // the clients of the last authorization requests
	stateCookie    Cookie = "postern_state"    // the session state for scripts; not a secret
)

// untilClosed is the lifetime of a cookie that the browser deletes when it is closed.
const untilClosed = time.Duration(0)

const (
	trustLife  = 90 * 24 * time.Hour
	inviteLife = 72 * time.Hour
	resetLife  = 30 * time.Minute
	disownLife = time.Hour // the link is valid for longer, but its page need not stay open
)

// life returns how long a browser keeps a cookie. For a session it depends on the person's choice.
func (c Cookie) life() time.Duration {
	switch c {
	case InvitationLink, VerificationLink, requestsCookie:
		return inviteLife
	case ResetLink:
		return resetLife
	case DisownLink:
		return disownLife
	case Mailed:
		return 10 * time.Minute
	case Strength:
		return time.Minute
	case trustCookie:
		return trustLife
	}
	return untilClosed
}

// longest is the maximum length of a cookie value, in characters. A longer one was not set by Postern.
const longest = 512

// jar reads and writes cookies. Over https their names have the prefix __Host-, which ties them to this very host.
type jar struct {
	secure   bool
	instance string // suffix of every name, different from that of other issuers on the host
}

func (j jar) name(c Cookie) string {
	if j.secure {
		return "__Host-" + string(c) + j.instance
	}
	return string(c) + j.instance
}

// get returns the value of a cookie, or "" if the browser sent no cookie that Postern could have set.
func (j jar) get(r *http.Request, c Cookie) string {
	cookie, err := r.Cookie(j.name(c))
	if err != nil || len(cookie.Value) > longest {
		return ""
	}
	return cookie.Value
}

// set stores a cookie for life.
func (j jar) set(w http.ResponseWriter, c Cookie, value string, life time.Duration) {
	http.SetCookie(w, j.cookie(c, value, int(life/time.Second)))
}

func (j jar) clear(w http.ResponseWriter, c Cookie) { http.SetCookie(w, j.cookie(c, "", -1)) }

func (j jar) cookie(c Cookie, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: j.name(c), Value: value, Path: "/", MaxAge: maxAge, Secure: j.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// Get returns the value of a cookie of the browser that sent r, or "" if it has no such cookie.
func (s *Sessions) Get(r *http.Request, c Cookie) string { return s.jar.get(r, c) }

// Set stores a cookie in the browser for the lifetime of cookies of that name.
func (s *Sessions) Set(w http.ResponseWriter, c Cookie, value string) {
	s.jar.set(w, c, value, c.life())
}

// Clear deletes a cookie.
func (s *Sessions) Clear(w http.ResponseWriter, c Cookie) { s.jar.clear(w, c) }
