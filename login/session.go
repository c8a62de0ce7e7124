package login

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// SessionsConfig is what NewSessions needs.
type SessionsConfig struct {
	Store *storage.Store // required
	Audit *audit.Log     // required
	// Secure says that the issuer is https: cookies are Secure and have the prefix __Host-.
	Secure bool
	// Instance ends the names of the cookies, so that several issuers on one host do not disturb each other. It may be empty.
	Instance string
	// Idle is how long a session lives without use; default 1 h.
	Idle time.Duration
	// Remember is how long a session lives whose person asked to stay signed in; 0: not offered.
	Remember time.Duration
}

// Sessions tells which complete sign-in a browser has.
type Sessions struct {
	store    *storage.Store
	audit    *audit.Log
	cookies  cookies
	idle     time.Duration
	remember time.Duration
}

// NewSessions returns the sessions of a store.
func NewSessions(cfg SessionsConfig) (*Sessions, error) {
	if cfg.Store == nil || cfg.Audit == nil {
		return nil, errors.New("login.NewSessions: Store and Audit are required")
	}
	if cfg.Idle == 0 {
		cfg.Idle = time.Hour
	}
	return &Sessions{
		store: cfg.Store, audit: cfg.Audit, cookies: cookies{cfg.Secure, cfg.Instance}, idle: cfg.Idle, remember: cfg.Remember,
	}, nil
}

// formKey ties the forms of the account pages to the person that they are shown to.
func (s *Sessions) formKey(signIn storage.SignIn) string {
	return s.store.AccountFormKey(signIn.User())
}

// touchEvery is how precisely it is known when a session was last in use, which costs a write; with a short idle time it is a tenth of that.
const touchEvery = 5 * time.Minute

// Current returns the complete sign-in of the browser that sent r, with what its user has granted to a client (empty: to
// none). storage.ErrNotFound says that there is none; a half-done sign-in is none.
func (s *Sessions) Current(r *http.Request, clientID string) (storage.SignIn, error) {
	value := s.cookies.get(r, sessionCookie)
	if value == "" {
		return storage.SignIn{}, storage.ErrNotFound
	}
	now := time.Now()
	signIn, err := s.store.SignIn(r.Context(), storage.Hash(value), clientID, now)
	if err != nil {
		return storage.SignIn{}, err
	}
	idle := s.idle
	if signIn.Remembered() {
		idle = max(idle, s.remember)
	}
	if now.Sub(signIn.LastSeen()) >= min(touchEvery, idle/10) {
		err = s.store.TouchSession(r.Context(), signIn.ID(), now, now.Add(idle))
	}
	return signIn, err
}

// Known returns the id of a browser in which somebody completed a sign-in before; empty when it is not known.
func (s *Sessions) Known(r *http.Request) string {
	return account.KnownBrowser(s.store.Keyset(), s.cookies.get(r, deviceCookie), time.Now())
}

// held returns the sign-in of the browser that waits for a new password. storage.ErrNotFound says that there is none.
func (s *Sessions) held(r *http.Request) (storage.HeldSignIn, error) {
	value := s.cookies.get(r, sessionCookie)
	if value == "" {
		return storage.HeldSignIn{}, storage.ErrNotFound
	}
	return s.store.HeldSignIn(r.Context(), storage.Hash(value), time.Now())
}

// enrolling returns the sign-in of the browser that waits for a new authenticator. storage.ErrNotFound says that there is none.
func (s *Sessions) enrolling(r *http.Request) (storage.EnrollingSignIn, error) {
	value := s.cookies.get(r, sessionCookie)
	if value == "" {
		return storage.EnrollingSignIn{}, storage.ErrNotFound
	}
	return s.store.EnrollingSignIn(r.Context(), storage.Hash(value), time.Now())
}

// waiting returns the page and the person of a sign-in of the browser after both factors that is worth nothing before something is done
// there. storage.ErrNotFound says that there is none.
func (s *Sessions) waiting(r *http.Request) (path string, user storage.User, err error) {
	held, err := s.held(r)
	if !errors.Is(err, storage.ErrNotFound) {
		return "/login/password", held.User(), err
	}
	enrolling, err := s.enrolling(r)
	return "/login/enroll", enrolling.User(), err
}

// End ends the session of the browser that sent r, if it has one, with what clients were given in it but for what they were given for the
// time after it, and takes back its cookie. It returns at which clients the session was, of those that want to be told.
func (s *Sessions) End(ctx context.Context, w http.ResponseWriter, r *http.Request) (left []storage.Visit, err error) {
	now := time.Now()
	signIn, err := s.Current(r, "")
	if errors.Is(err, storage.ErrNotFound) { // one that waits, perhaps
		err = s.store.EndSession(ctx, storage.Hash(s.cookies.get(r, sessionCookie)))
	} else if err == nil {
		event := audit.Event{
			Name: audit.SignedOut, Actor: audit.ActorUser, UserID: signIn.User().ID, Address: r.RemoteAddr,
			Detail: map[string]string{"browser": templates.DescribeBrowser(r.UserAgent())},
		}
		err = s.store.InTx(ctx, func(ctx context.Context) (err error) {
			ended := s.store.EndSessionOf(ctx, signIn.User().ID, signIn.ID())
			if ended != nil && !errors.Is(ended, storage.ErrNotFound) {
				return ended
			}
			if left, err = s.store.Visits(ctx, signIn.ID()); err != nil || ended != nil { // a double click: the other one records it
				return err
			}
			if err := s.store.RevokeGrantsOfSession(ctx, signIn.User().ID, signIn.ID(), now); err != nil {
				return err
			}
			return s.audit.Record(ctx, event, now)
		})
	}
	if err != nil {
		return nil, err
	}
	s.forget(w)
	return left, nil
}

// forget takes back the cookies of a session that has ended.
func (s *Sessions) forget(w http.ResponseWriter) {
	s.cookies.clear(w, sessionCookie)
	s.clearState(w)
}

// Browser returns SHA-256 of the cookie by which a browser is known, setting the cookie when there is none yet.
func (s *Sessions) Browser(w http.ResponseWriter, r *http.Request) []byte {
	return storage.Hash(s.browser(w, r))
}

func (s *Sessions) browser(w http.ResponseWriter, r *http.Request) string {
	if value := s.cookies.get(r, browserCookie); len(value) == secretLength {
		return value
	}
	secret := make([]byte, 32)
	rand.Read(secret) // never fails: crypto/rand ends the process instead
	value := base64.RawURLEncoding.EncodeToString(secret)
	s.cookies.set(w, browserCookie, value, untilClosed)
	// A second call while the same request is answered must find the same browser.
	r.AddCookie(&http.Cookie{Name: s.cookies.name(browserCookie), Value: value})
	return value
}

// secretLength is the length of 32 bytes in base64url.
const secretLength = 43

// half returns what the browser shows of its half-done sign-in.
func (s *Sessions) half(r *http.Request) account.HalfCookie {
	return account.HalfCookie{Secret: s.cookies.get(r, halfCookie), Browser: s.cookies.get(r, browserCookie)}
}

// begin stores the cookie of a half-done sign-in.
func (s *Sessions) begin(w http.ResponseWriter, half account.HalfCookie) {
	s.cookies.set(w, halfCookie, half.Secret, untilClosed)
}

// complete stores the cookies of a complete sign-in and takes back those of the way to it.
func (s *Sessions) complete(w http.ResponseWriter, done account.Done) {
	life := untilClosed
	if done.Remember {
		life = s.remember
	}
	s.cookies.set(w, sessionCookie, done.Session, life)
	s.setState(w, done.Session, life)
	s.cookies.set(w, deviceCookie, done.Device, deviceLife)
	s.cookies.clear(w, halfCookie)
	s.cookies.clear(w, ticketCookie)
}
