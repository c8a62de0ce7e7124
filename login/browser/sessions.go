package browser

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
	"github.com/postern-id/postern/templates"
)

// Config is what New needs.
type Config struct {
	Store *storage.Store // required
	Audit *audit.Log     // required
	// Secure is true if the issuer uses https: then cookies are Secure and their names have the prefix __Host-.
	Secure bool
	// Instance is the suffix of the cookie names, so that several issuers on one host do not interfere with each other. It may be empty.
	Instance string
	// Idle is how long a session lives without use; default 1 h.
	Idle time.Duration
	// Remember is how long a session lives if the person chose to stay signed in; 0 if that is not offered.
	Remember time.Duration
}

// Sessions reads and writes the cookies of a browser: its session, its half-done sign-in, the trust from an earlier sign-in.
type Sessions struct {
	store    *storage.Store
	audit    *audit.Log
	jar      jar
	idle     time.Duration
	remember time.Duration
}

// New returns Sessions for cfg, or an error that lists the required fields if one is missing.
func New(cfg Config) (*Sessions, error) {
	if cfg.Store == nil || cfg.Audit == nil {
		return nil, errors.New("browser.New: Store and Audit are required")
	}
	if cfg.Idle == 0 {
		cfg.Idle = time.Hour
	}
	return &Sessions{
		store: cfg.Store, audit: cfg.Audit, jar: jar{cfg.Secure, cfg.Instance}, idle: cfg.Idle, remember: cfg.Remember,
	}, nil
}

// FormKey ties a form of the account pages to the person to whom it is shown.
func (s *Sessions) FormKey(signIn storage.SignIn) string {
	return s.store.AccountFormKey(signIn.User())
}

// touchEvery is how often the last use of a session is updated at most, because every update is a write. If the idle time is short, a tenth
// of it is used instead.
const touchEvery = 5 * time.Minute

// Current returns the complete sign-in of the browser that sent r, with the user's consent to the client clientID unless that is empty.
// Errors: storage.ErrNotFound if the browser has no complete sign-in; a half-done one does not count.
func (s *Sessions) Current(r *http.Request, clientID string) (storage.SignIn, error) {
	secret := s.SessionSecret(r)
	if secret == "" {
		return storage.SignIn{}, storage.ErrNotFound
	}
	now := time.Now()
	signIn, err := s.store.Sessions.SignIn(r.Context(), storage.Hash(secret), clientID, now)
	if err != nil {
		return storage.SignIn{}, err
	}
	idle := s.idle
	if signIn.Remembered() {
		idle = max(idle, s.remember)
	}
	if now.Sub(signIn.LastSeen()) >= min(touchEvery, idle/10) {
		err = s.store.Sessions.Touch(r.Context(), signIn.ID(), now, now.Add(idle))
	}
	return signIn, err
}

// SessionSecret returns the secret in the browser's session cookie, unchecked, or "" without a cookie.
func (s *Sessions) SessionSecret(r *http.Request) string { return s.jar.get(r, sessionCookie) }

// Held returns the browser's sign-in that is held until a new password is chosen, because somebody else has the current one. Errors:
// storage.ErrNotFound if the browser has no such sign-in.
func (s *Sessions) Held(r *http.Request) (storage.HeldSignIn, error) {
	secret := s.SessionSecret(r)
	if secret == "" {
		return storage.HeldSignIn{}, storage.ErrNotFound
	}
	return s.store.Sessions.HeldSignIn(r.Context(), storage.Hash(secret), time.Now())
}

// Enrolling returns the browser's sign-in that requires a new authenticator before anything else. Errors: storage.ErrNotFound if the
// browser has no such sign-in.
func (s *Sessions) Enrolling(r *http.Request) (storage.EnrollingSignIn, error) {
	secret := s.SessionSecret(r)
	if secret == "" {
		return storage.EnrollingSignIn{}, storage.ErrNotFound
	}
	return s.store.Sessions.EnrollingSignIn(r.Context(), storage.Hash(secret), time.Now())
}

// Half returns the browser's cookies of a half-done sign-in, unchecked.
func (s *Sessions) Half(r *http.Request) account.HalfCookie {
	return account.HalfCookie{Secret: s.jar.get(r, halfCookie), Browser: s.jar.get(r, browserCookie)}
}

// Begin stores a half-done sign-in in the browser.
func (s *Sessions) Begin(w http.ResponseWriter, half account.HalfCookie) {
	s.Set(w, halfCookie, half.Secret)
}

// Complete stores a complete sign-in in the browser and deletes the cookies of the steps before it.
func (s *Sessions) Complete(w http.ResponseWriter, done account.Done) {
	life := untilClosed
	if done.Remember {
		life = s.remember
	}
	s.jar.set(w, sessionCookie, done.Session, life)
	s.setState(w, done.Session, life)
	s.Trust(w, done.TrustCookie)
	s.Clear(w, halfCookie)
	s.Clear(w, InvitationLink)
}

// Forget deletes the cookies of a session that has ended.
func (s *Sessions) Forget(w http.ResponseWriter) {
	s.Clear(w, sessionCookie)
	s.clearState(w)
}

// Abandon deletes the cookies of a half-done sign-in and of a session, both of which have ended.
func (s *Sessions) Abandon(w http.ResponseWriter) {
	s.Clear(w, halfCookie)
	s.Forget(w)
}

// End ends the session of the browser that sent r, if it has one, and deletes its cookies. Grants made in the session end with it, except
// offline access. End returns the clients used in the session that want a logout notice.
func (s *Sessions) End(ctx context.Context, w http.ResponseWriter, r *http.Request) (left []storage.ClientSession, err error) {
	signIn, err := s.Current(r, "")
	switch {
	case errors.Is(err, storage.ErrNotFound): // the session may be held or require an authenticator
		err = s.store.Sessions.End(ctx, storage.Hash(s.SessionSecret(r)))
	case err == nil:
		left, err = s.endComplete(ctx, signIn, r, time.Now())
	}
	if err != nil {
		return nil, err
	}
	s.Forget(w)
	return left, nil
}

func (s *Sessions) endComplete(ctx context.Context, signIn storage.SignIn, r *http.Request, now time.Time) (left []storage.ClientSession, err error) {
	client, _ := netip.ParseAddrPort(r.RemoteAddr) // the zero AddrPort if the address cannot be parsed
	event := audit.Person(client.Addr(), templates.DescribeBrowser(r.UserAgent())).Event(audit.SignedOut, signIn.User().ID)
	err = s.store.InTx(ctx, func(ctx context.Context) (err error) {
		ended := s.store.Sessions.EndByID(ctx, signIn.User().ID, signIn.ID())
		if ended != nil && !errors.Is(ended, storage.ErrNotFound) {
			return ended
		}
		if left, err = s.store.ClientSessions.OfSession(ctx, signIn.ID()); err != nil || ended != nil { // after a double click, the other request has recorded it
			return err
		}
		if err := s.store.Grants.RevokeOfSession(ctx, signIn.User().ID, signIn.ID(), now); err != nil {
			return err
		}
		return s.audit.Record(ctx, event, now)
	})
	return left, err
}
