package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Lifetimes says how long sign-ins last. Zero fields have their defaults.
type Lifetimes struct {
	HalfDone time.Duration // half-done sign-in, from the password to the code; default 5 min
	Idle     time.Duration // a session without use; default 1 h
	Absolute time.Duration // a session; default 24 h
	Remember time.Duration // a session of somebody who chose to stay signed in; 0 if that is not offered
}

const (
	// halfDoneLimit is how many half-done sign-ins of one account there may be before an unknown browser has to wait: somebody who has only
	// the password must not be able to fill the table.
	halfDoneLimit = 100
	// mustEnrolLife is how long after the last recovery code a new authenticator may be enrolled. It is long, because a person who misses
	// it has to ask an operator.
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

// HalfCookie is what a browser must send to continue a half-done sign-in: the secret of the sign-in and the secret that identifies the
// browser, so that neither is of use in another browser.
type HalfCookie struct {
	Secret  string
	Browser string
}

func (c HalfCookie) hash() []byte { return storage.Hash(c.Secret + "." + c.Browser) }

// CodeAttempt is the form of the pages for one-time codes and recovery codes.
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
	Remember    bool   // the person chose to stay signed in, and that is offered
	TrustCookie string // value of the cookie of a trusted browser
	CodesLeft   int    // number of unused recovery codes; set only after one was used
	// Held is true if the session cannot be used until the person chooses a new password, because somebody else has the current one.
	Held bool
	// MustEnrol is true if the session cannot be used until a new authenticator is enrolled.
	MustEnrol bool
}

// SignIns stores sign-ins: half done after the password, complete after the second factor, renewed and ended.
type SignIns struct {
	store     *storage.Store
	audit     *audit.Log
	browsers  *Browsers
	lifetimes Lifetimes
}

// Beginning describes a sign-in that begins after the right password.
type Beginning struct {
	User     storage.User
	Remember bool   // the person asked to stay signed in
	Browser  string // secret that identifies the browser; the half-done sign-in is bound to it
	// LinkHash is the hash of the invitation in the browser, if any. It prolongs the half-done sign-in, and is checked when an
	// authenticator is enrolled.
	LinkHash []byte
	// Invited is true if the password has just been set through a link, so that the limit of half-done sign-ins does not apply.
	Invited bool
	Visitor Visitor
}

// Begin stores a half-done sign-in with its audit entry. Errors: storage.ErrLimit if an unknown browser has to wait because too many
// sign-ins are half done.
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

// BeginAgain stores a half-done sign-in in the caller's transaction, which must also complete it: no browser has a cookie of it.
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

// HalfDone returns how long after the password a one-time code is accepted.
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

// Waiting is [SignIns.Half] for a sign-in that waits for a code. A sign-in with an invitation lasts longer, but not for a code. Errors:
// ErrStartAgain, ErrNotEnrolled.
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

// Proof describes the second factor that completes a sign-in.
type Proof struct {
	Methods   []string // authentication method references of RFC 8176
	Recovered bool     // by a recovery code
	MustEnrol bool     // the session cannot be used until a new authenticator is enrolled
	SID       string   // id of the new session; if empty, a random one
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

// Renewal names the session that continues after all others of a user have ended.
type Renewal struct {
	Session    string // its cookie
	Was, Fresh storage.User
	Remembered bool // the person asked to stay signed in
	Event      audit.Event
	Visitor    Visitor
}

// Renew continues one session of a user under a new id, in the caller's transaction, and ends all others of an earlier epoch than that of
// r.Fresh. The time and the methods of the sign-in stay the same. Errors: storage.ErrStale when the session has ended.
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

// End ends one session of a user, in the caller's transaction, and the grants made in it, except offline access.
//
// Errors: storage.ErrNotFound when the user has no such session.
func (s *SignIns) End(ctx context.Context, userID, sessionID string, now time.Time) error {
	if err := s.store.Sessions.EndByID(ctx, userID, sessionID); err != nil {
		return err
	}
	return s.store.Grants.RevokeOfSession(ctx, userID, sessionID, now)
}

// EndEverything ends all sessions, grants and half-done sign-ins of a user, in the caller's transaction, and returns the user in the new
// epoch.
func (s *SignIns) EndEverything(ctx context.Context, userID string, now time.Time) (storage.User, error) {
	if err := s.store.Users.RaiseEpoch(ctx, userID, now); err != nil {
		return storage.User{}, err
	}
	if _, err := s.store.Sessions.EndAll(ctx, userID); err != nil {
		return storage.User{}, err
	}
	return s.store.Users.ByID(ctx, userID)
}
