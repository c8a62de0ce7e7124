package login

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// State returns what the scripts of this issuer can tell of the sign-in of the browser (OIDC Session Management section 3.2): a value that
// changes with it, empty when there is none. signedIn says whether Current has found one. The cookie is set, or taken back, to say the same.
//
// A request from a frame of another site comes without the cookie of the session. Nothing follows from that.
func (s *Sessions) State(w http.ResponseWriter, r *http.Request, signedIn bool) string {
	session, said, state := s.cookies.get(r, sessionCookie), s.cookies.get(r, stateCookie), ""
	if session == "" {
		return said
	}
	if signedIn {
		state = stateOf(session)
	}
	switch {
	case state == said:
	case signedIn:
		s.setState(w, session, untilClosed)
	default:
		s.clearState(w)
	}
	return state
}

// stateOf is the state of a browser with the cookie of a session. That cookie is a secret and the key, so the state tells nothing of it.
func stateOf(session string) string {
	code := hmac.New(sha256.New, []byte(session))
	code.Write([]byte("state of the browser"))
	return base64.RawURLEncoding.EncodeToString(code.Sum(nil))
}

// setState stores the cookie. Scripts read it in a frame that apps show, also those of other sites: over plain http no browser would have
// it there.
func (s *Sessions) setState(w http.ResponseWriter, session string, life time.Duration) {
	s.writeState(w, stateOf(session), int(life/time.Second))
}

func (s *Sessions) clearState(w http.ResponseWriter) { s.writeState(w, "", -1) }

func (s *Sessions) writeState(w http.ResponseWriter, value string, maxAge int) {
	cookie := s.cookies.cookie(stateCookie, value, maxAge)
	cookie.HttpOnly = false
	if cookie.Secure {
		cookie.SameSite = http.SameSiteNoneMode
	}
	http.SetCookie(w, cookie)
}
