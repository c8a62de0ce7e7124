package browser

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// State returns what the scripts of this issuer may know of the browser's session (OIDC Session Management section 3.2): a value that changes
// with it, empty when there is none. signedIn says whether [Sessions.Current] has found one. The cookie is set, or taken back, to say the same.
//
// A request from a frame of another site comes without the session cookie. Nothing follows from that.
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

// stateOf returns the state of a browser with that session cookie. The cookie is the key of a MAC, so the state gives nothing of it away.
func stateOf(session string) string {
	code := hmac.New(sha256.New, []byte(session))
	code.Write([]byte("state of the browser"))
	return base64.RawURLEncoding.EncodeToString(code.Sum(nil))
}

// setState stores the cookie. Scripts read it in a frame that apps show, apps of other sites too. There a browser sends it over https only.
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
