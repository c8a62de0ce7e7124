package browser

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// State returns the session state that scripts of this issuer may read (OIDC Session Management section 3.2): a value that changes with the
// session, "" without one. signedIn says whether [Sessions.Current] has found a session. State updates the cookie accordingly.
//
// A request from a frame of another site comes without the session cookie, so it does not change the state.
func (s *Sessions) State(w http.ResponseWriter, r *http.Request, signedIn bool) string {
	session, said, state := s.SessionSecret(r), s.jar.get(r, stateCookie), ""
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

// stateOf returns the state of a browser with that session cookie. The cookie is the key of a MAC, so the state reveals nothing about it.
func stateOf(session string) string {
	code := hmac.New(sha256.New, []byte(session))
	code.Write([]byte("state of the browser"))
	return base64.RawURLEncoding.EncodeToString(code.Sum(nil))
}

// setState stores the cookie. Scripts read it in a frame inside the pages of apps, which may be of other sites; there browsers send it over
// https only.
func (s *Sessions) setState(w http.ResponseWriter, session string, life time.Duration) {
	s.writeState(w, stateOf(session), int(life/time.Second))
}

func (s *Sessions) clearState(w http.ResponseWriter) { s.writeState(w, "", -1) }

func (s *Sessions) writeState(w http.ResponseWriter, value string, maxAge int) {
	cookie := s.jar.cookie(stateCookie, value, maxAge)
	cookie.HttpOnly = false
	if cookie.Secure {
		cookie.SameSite = http.SameSiteNoneMode
	}
	http.SetCookie(w, cookie)
}
