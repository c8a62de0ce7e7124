package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Lifetimes say how long sign-ins last. Zero fields have their defaults.
type Lifetimes struct {
	HalfDone time.Duration // from the right password to the right code; default 5 min
	Idle     time.Duration // a session without use; default 1 h
	Absolute time.Duration // a session; default 24 h
	Remember time.Duration // a session of somebody who asked to stay signed in; 0: not offered
}

const (
	// halfDoneLimit is how many half-done sign-ins of one account there may be before an unknown browser has to wait: somebody
	// with the password alone must not be able to fill the table.
	halfDoneLimit = 100
	// mustEnrolLife is how long after the last recovery code a new authenticator may be enrolled. It is long, because a person who is late
	// has to ask an operator.
	mustEnrolLife = time.Hour
)

func (l Lifetimes) withDefaults() Lifetimes {
	if l.HalfDone == 0 {
		l.HalfDone = 5 * time.Minute
	}
	if l.Idle == 0 {
		l.Idle = time.Hour
	}
	if l.Absolute == 0 {
		l.Absolute = 24 * time.Hour
	}
	return l
}

// HalfCookie is what a browser shows to go on with a half-done sign-in: the secret it was given, and the secret by which
// the browser itself is known, so that neither is of use in another browser.
type HalfCookie struct {
	Secret  string
	Browser string
}

func (c HalfCookie) hash() []byte { return storage.Hash(c.Secret + "." + c.Browser) }

// CodeAttempt is what the pages for one-time and recovery codes send.
type CodeAttempt struct {
	Half  HalfCookie
	Typed string
	// Previous is the session cookie of the browser, if any: that session ends when this sign-in is completed.
	Previous string
	Visitor  Visitor
}

// Done is a completed sign-in.
type Done struct {
	Session     string // value of the session cookie
	Remember    bool   // the person asked to stay signed in, and it is offered
	TrustCookie string // value of the cookie of a trusted browser
	CodesLeft   int    // unused recovery codes; only after one was used
	// Held says that the session is worth nothing until the person chooses a new password, because somebody else has the password.
	Held bool
	// MustEnrol says that the session is worth nothing until a new authenticator is enrolled.
	MustEnrol bool
}

// SignIns is the life of a sign-in: half done after the password, complete after the second factor, renewed, ended.
type SignIns struct {
	store     *storage.Store
	audit     *audit.Log
	browsers  *Browsers
	lifetimes Lifetimes
}

// Beginning says how a sign-in begins after the right password.
type Beginning struct {
	User     storage.User
	Remember bool   // the person asked to stay signed in
	Browser  string // secret by which the browser is known; the half-done sign-in is bound to it
	// LinkHash is the hash of the invitation that the browser holds, if any. It gives more time, and is looked at when an authenticator is to
	// be enrolled.
	LinkHash []byte
	// Invited says that the password has just been set through a link, so that there is no limit to how many sign-ins begin.
	Invited bool
	Visitor Visitor
}

// Begin stores a half-done sign-in with its audit entry. Errors: storage.ErrLimit when an unknown browser has to wait until fewer
// are half done.
func (s *SignIns) Begin(ctx context.Context, b Beginning, now time.Time) (HalfCookie, error) {
	half := HalfCookie{Secret: NewSecret(), Browser: b.Browser}
	row := s.row(b.User, b.Visitor, now)
	row.TokenHash, row.LinkHash, row.Remember = half.hash(), b.LinkHash, b.Remember && s.lifetimes.Remember > 0
	if !b.Invited && !s.browsers.Trusts(b.Visitor, b.User, now) {
		row.Limit = halfDoneLimit
	}
	if b.Invited || b.LinkHash != nil {
		row.ExpiresAt = now.Add(EnrolmentLife)
	}
	return half, s.store.Sessions.BeginSignIn(ctx, row, s.audit.Rider(b.Visitor.Event(audit.PasswordAccepted, b.User.ID), now))
}

// BeginAgain stores a half-done sign-in that nobody has a cookie of, in the caller's transaction, which completes it.
func (s *SignIns) BeginAgain(ctx context.Context, user storage.User, remember bool, visitor Visitor, now time.Time) (storage.HalfSignIn, error) {
	row := s.row(user, visitor, now)
	row.TokenHash, row.Remember = storage.Hash(NewSecret()), remember
	return row, s.store.Sessions.BeginSignIn(ctx, row, "")
}

func (s *SignIns) row(user storage.User, visitor Visitor, now time.Time) storage.HalfSignIn {
	return storage.HalfSignIn{
		User: user, Browser: visitor.Browser, ClientIP: audit.ShortAddress(visitor.ClientIP.String()),
		CreatedAt: now, ExpiresAt: now.Add(s.lifetimes.HalfDone),
	}
}

// HalfDone returns for how long a one-time code can follow the password.
func (s *SignIns) HalfDone() time.Duration { return s.lifetimes.HalfDone }

// Half returns the half-done sign-in of a cookie. Errors: ErrStartAgain.
func (s *SignIns) Half(ctx context.Context, cookie HalfCookie, now time.Time) (storage.HalfSignIn, error) {
	if cookie.Secret == "" || cookie.Browser == "" {
		return storage.HalfSignIn{}, ErrStartAgain
	}
	half, err := s.store.Sessions.HalfSignIn(ctx, cookie.hash(), now)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.HalfSignIn{}, ErrStartAgain
	}
	return half, err
}

// Waiting is [SignIns.Half] for a sign-in that waits for a code. A sign-in that may become an enrolment lasts longer, but its
// time for a code is the same. Errors: ErrStartAgain, ErrNotEnrolled.
func (s *SignIns) Waiting(ctx context.Context, cookie HalfCookie, now time.Time) (storage.HalfSignIn, error) {
	half, err := s.Half(ctx, cookie, now)
	switch {
	case err != nil:
		return half, err
	case len(half.Authenticators) == 0:
		return half, ErrNotEnrolled
	case !now.Before(half.CreatedAt.Add(s.lifetimes.HalfDone)):
		return half, ErrStartAgain
	}
	return half, nil
}

// Proof is what completes a sign-in after the password.
type Proof struct {
	Methods   []string // authentication method references of RFC 8176
	Recovered bool     // by a recovery code
	MustEnrol bool     // the sign-in is worth nothing before a new authenticator is enrolled
	SID       string   // id of the session; empty: any
}

// Complete turns a half-done sign-in into a session, in the caller's transaction, and ends the browser's earlier one, whose cookie is
// previous. Errors: ErrStartAgain.
func (s *SignIns) Complete(ctx context.Context, half storage.HalfSignIn, p Proof, previous string, visitor Visitor, now time.Time) (Done, error) {
	done := Done{Session: NewSecret(), Remember: half.Remember && s.lifetimes.Remember > 0, Held: half.User.Exposed()}
	completion := storage.Completion{
		SID: p.SID, TokenHash: storage.Hash(done.Session), Methods: p.Methods, Recovered: p.Recovered, MustEnrol: p.MustEnrol,
		IdleUntil: now.Add(s.lifetimes.Idle), ExpiresAt: now.Add(s.lifetimes.Absolute),
		Event: s.audit.Rider(visitor.Event(audit.SignInCompleted, half.User.ID), now),
	}
	switch {
	case p.MustEnrol:
		done.Remember, done.MustEnrol = false, true
		completion.ExpiresAt = now.Add(mustEnrolLife)
		completion.IdleUntil = completion.ExpiresAt
	case done.Remember:
		completion.ExpiresAt = now.Add(s.lifetimes.Remember)
		completion.IdleUntil = completion.ExpiresAt
	}
	err := s.store.Sessions.CompleteSignIn(ctx, half.TokenHash, completion, now)
	if errors.Is(err, storage.ErrStale) {
		return Done{}, ErrStartAgain
	}
	if err == nil && previous != "" {
		err = s.store.Sessions.End(ctx, storage.Hash(previous))
	}
	if err != nil {
		return Done{}, err
	}
	done.TrustCookie, err = s.browsers.Trust(visitor.TrustCookie, half.User, now)
	return done, err
}

// Renewal says which session goes on after everything else of a user was ended.
type Renewal struct {
	Session    string // its cookie
	Was, Fresh storage.User
	Remembered bool // the person asked to stay signed in
	Event      audit.Event
	Visitor    Visitor
}

// Renew lets one session of a user go on under a new id, in the caller's transaction, and ends all others of an earlier epoch than that of r.Fresh.
// When and how the person signed in stays as it was. Errors: storage.ErrStale when the session has ended.
func (s *SignIns) Renew(ctx context.Context, r Renewal, now time.Time) (Done, error) {
	done := Done{Session: NewSecret(), Remember: r.Remembered && s.lifetimes.Remember > 0}
	if err := s.store.Sessions.Renew(ctx, storage.Hash(r.Session), storage.Hash(done.Session), r.Fresh, s.audit.Rider(r.Event, now), now); err != nil {
		return Done{}, err
	}
	if err := s.store.Sessions.EndOtherEpochs(ctx, r.Fresh); err != nil {
		return Done{}, err
	}
	var err error
	done.TrustCookie, err = s.browsers.Renew(r.Visitor.TrustCookie, r.Was, r.Fresh, now)
	return done, err
}

// End ends one session of a user, in the caller's transaction, with all that clients were granted in it, except offline access.
//
// Errors: storage.ErrNotFound when the user has no such session.
func (s *SignIns) End(ctx context.Context, userID, sessionID string, now time.Time) error {
	if err := s.store.Sessions.EndByID(ctx, userID, sessionID); err != nil {
		return err
	}
	return s.store.Grants.RevokeOfSession(ctx, userID, sessionID, now)
}

// EndEverything ends all sessions, grants and half-done sign-ins of a user, in the caller's transaction, and returns the user of the new epoch.
func (s *SignIns) EndEverything(ctx context.Context, userID string, now time.Time) (storage.User, error) {
	if err := s.store.Users.RaiseEpoch(ctx, userID, now); err != nil {
		return storage.User{}, err
	}
	if _, err := s.store.Sessions.EndAll(ctx, userID); err != nil {
		return storage.User{}, err
	}
	return s.store.Users.ByID(ctx, userID)
}
