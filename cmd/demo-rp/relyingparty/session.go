package relyingparty

import (
	"crypto/rand"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/oauth2"
)

// cookieName differs from the provider's names, because all ports of a host
// share their cookies.
const cookieName = "demo_app"

const (
	maxSessions = 1000
	maxAttempts = 10 // sign-ins in progress in one browser, for example in several tabs
)

// attempt is a sign-in in progress.
type attempt struct {
	state, nonce, verifier string
}

func newAttempt() attempt {
	return attempt{state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier()}
}

// session is what the app remembers about one browser. Its lock is held during
// a refresh, so that a refresh token is never sent twice.
type session struct {
	mu       sync.Mutex
	attempts []attempt // oldest first
	person   *person   // nil before the first sign-in
}

func (s *session) begin(at attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts = append(s.attempts, at)
	if len(s.attempts) > maxAttempts {
		s.attempts = slices.Delete(s.attempts, 0, 1)
	}
}

// take returns the attempt with this state and forgets it, so that an answer
// counts once.
func (s *session) take(state string) (attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.attempts, func(at attempt) bool { return at.state == state })
	if i < 0 {
		return attempt{}, false
	}
	taken := s.attempts[i]
	s.attempts = slices.Delete(s.attempts, i, i+1)
	return taken, true
}

// sessions has the latest maxSessions sessions.
type sessions struct {
	mu    sync.Mutex
	byID  map[string]*session
	order []string // ids, oldest first
}

func newSessions() *sessions { return &sessions{byID: map[string]*session{}} }

// add stores s under a new random id, and forgets the oldest session if there
// are too many.
func (all *sessions) add(s *session) (id string) {
	id = rand.Text()
	all.mu.Lock()
	defer all.mu.Unlock()
	all.byID[id] = s
	all.order = append(all.order, id)
	if len(all.order) > maxSessions {
		delete(all.byID, all.order[0])
		all.order = slices.Delete(all.order, 0, 1)
	}
	return id
}

func (all *sessions) get(id string) (*session, bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	s, ok := all.byID[id]
	return s, ok
}

func (all *sessions) remove(id string) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if _, ok := all.byID[id]; ok {
		delete(all.byID, id)
		all.order = slices.DeleteFunc(all.order, func(other string) bool { return other == id })
	}
}

// session returns the session of the browser that sent r.
func (a *App) session(r *http.Request) (*session, bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, false
	}
	return a.sessions.get(cookie.Value)
}

// startSession gives s a new id, which it sets as the cookie of the browser
// that sent r, and forgets the old id: an id that somebody planted before the
// sign-in is useless after it.
func (a *App) startSession(w http.ResponseWriter, r *http.Request, s *session) {
	a.dropSession(r)
	http.SetCookie(w, a.cookie(a.sessions.add(s), 0))
}

func (a *App) dropSession(r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		a.sessions.remove(cookie.Value)
	}
}

func (a *App) cookie(id string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: id, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode,
	}
}
