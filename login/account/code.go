package account

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// CodeAttempt is what the pages for one-time and recovery codes send.
type CodeAttempt struct {
	Half  HalfCookie
	Typed string
	// Previous is the session cookie of the browser, if any: that session ends when this sign-in is completed.
	Previous string
	Visitor  Visitor
}

// Pending is a half-done sign-in as its pages show it.
type Pending struct {
	User           storage.User
	Authenticators []storage.Authenticator // without their secrets
}

// Pending returns the half-done sign-in of a browser that waits for a code. Errors: ErrStartAgain, ErrNotEnrolled.
func (s *Service) Pending(ctx context.Context, cookie HalfCookie, now time.Time) (Pending, error) {
	half, err := s.waitingForCode(ctx, cookie, now)
	if err != nil {
		return Pending{}, err
	}
	for i := range half.Authenticators {
		half.Authenticators[i].Secret = nil
	}
	return Pending{User: half.User, Authenticators: half.Authenticators}, nil
}

// half returns the half-done sign-in of a cookie, or ErrStartAgain.
func (s *Service) half(ctx context.Context, cookie HalfCookie, now time.Time) (storage.HalfSignIn, error) {
	if cookie.Secret == "" || cookie.Browser == "" {
		return storage.HalfSignIn{}, ErrStartAgain
	}
	half, err := s.store.Sessions.HalfSignIn(ctx, cookie.hash(), now)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.HalfSignIn{}, ErrStartAgain
	}
	return half, err
}

// waitingForCode is half for an account with an authenticator. A sign-in that may become an enrolment lasts longer, but its
// time for a code is the same.
func (s *Service) waitingForCode(ctx context.Context, cookie HalfCookie, now time.Time) (storage.HalfSignIn, error) {
	half, err := s.half(ctx, cookie, now)
	switch {
	case err != nil:
		return half, err
	case len(half.Authenticators) == 0:
		return half, ErrNotEnrolled
	case !now.Before(half.CreatedAt.Add(s.cfg.Lifetimes.HalfDone)):
		return half, ErrStartAgain
	}
	return half, nil
}

// ConfirmCode completes a half-done sign-in with a one-time code. The code's time step is used up: no spelling of it
// signs in again.
//
// Errors: ErrCode, *ClockError (which is an ErrCode), *WaitError, ErrStartAgain, ErrNotEnrolled.
func (s *Service) ConfirmCode(ctx context.Context, try CodeAttempt, now time.Time) (Done, error) {
	half, err := s.waitingForCode(ctx, try.Half, now)
	if err != nil {
		return Done{}, err
	}
	match := s.match(ctx, half, try.Typed, now)
	if !match.found {
		return Done{}, s.refuseCode(ctx, half, try, match, now)
	}
	tell, err := s.mayAnnounce(ctx, half, try.Visitor, now)
	if err != nil {
		return Done{}, err
	}
	var done Done
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		// The counter is asked first, so that right and wrong codes sent at once reach it in the order in which they came.
		if err := s.throttle.Pass(ctx, s.subject(try.Visitor, half.User, now), now); err != nil {
			return err
		}
		if err := s.store.Authenticators.SpendSteps(ctx, match.steps, now); err != nil {
			return replayed(err)
		}
		shown := factor{methods: []string{"pwd", "otp", "mfa"}, mustEnrol: match.renew, event: audit.SignInCompleted}
		shown.sid = storage.NewID()
		if done, err = s.complete(ctx, half, try, shown, now); err == nil && tell {
			err = s.announce(ctx, half.User, shown.sid, try.Visitor, now)
		}
		return err
	})
	if errors.Is(err, ErrCode) {
		match.replay = true
		return Done{}, s.refuseCode(ctx, half, try, match, now)
	}
	if err != nil {
		return Done{}, s.noteWait(ctx, err, half.User, try.Visitor, now)
	}
	return done, nil
}

// replayed turns the lost race for a time step into a wrong code.
func replayed(err error) error {
	if errors.Is(err, storage.ErrStale) {
		return ErrCode
	}
	return err
}

// match is what a typed code was found to be.
type match struct {
	found  bool
	steps  map[string]int64 // the time step that the code uses up, by the id of each authenticator
	replay bool             // right, but of a step that was used
	renew  bool             // of an authenticator that is to be renewed
}

// match compares a typed code with all authenticators of a person. Of a code that belongs to several of them, the steps of all are used up,
// and it is a replay when one of them has accepted it already.
func (s *Service) match(ctx context.Context, half storage.HalfSignIn, typed string, now time.Time) match {
	found := match{steps: map[string]int64{}}
	for _, a := range half.Authenticators {
		key := keyOf(a)
		if err := key.Validate(); err != nil {
			s.log.ErrorContext(ctx, "stored authenticator is damaged", "user_id", half.User.ID, "authenticator_id", a.ID, "err", err)
			continue
		}
		code, err := otp.Normalize(typed, a.Digits)
		if err != nil {
			continue
		}
		step, ok := key.Match(code, now, s.window)
		if !ok {
			continue
		}
		found.renew = found.renew || a.Renew
		for _, b := range half.Authenticators {
			if a.ID == b.ID || key.SharesCodes(keyOf(b)) {
				found.steps[b.ID] = max(found.steps[b.ID], step)
				found.replay = found.replay || step <= b.LastStep
			}
		}
	}
	found.found = len(found.steps) > 0 && !found.replay
	return found
}

// wrongCode returns the *ClockError of a code that would be right on another clock, else ErrCode. It looks at unused steps
// only: of a used code nobody learns that it was right once.
func (s *Service) wrongCode(authenticators []storage.Authenticator, typed string, now time.Time) error {
	for _, a := range authenticators {
		key := keyOf(a)
		code, err := otp.Normalize(typed, a.Digits)
		if err != nil || key.Validate() != nil {
			continue
		}
		offset, ok := key.Drift(code, now, driftSearched)
		if ok && key.Step(now.Add(offset)) > a.LastStep {
			return &ClockError{Offset: offset}
		}
	}
	return ErrCode
}

func keyOf(a storage.Authenticator) otp.Key {
	return otp.Key{Secret: a.Secret, Parameters: otp.Parameters{Algorithm: a.Algorithm, Digits: a.Digits, Period: a.Period}, Short: a.Renew}
}

// refuseCode counts a wrong code, records it, and tells the owner when it was one too many.
func (s *Service) refuseCode(ctx context.Context, half storage.HalfSignIn, try CodeAttempt, found match, now time.Time) error {
	var failures int
	// In a transaction, as a right code is counted: during a wait the time of the answer must not tell which one was right.
	err := s.store.InTx(ctx, func(ctx context.Context) (err error) {
		failures, err = s.throttle.Fail(ctx, throttle.Code, s.subject(try.Visitor, half.User, now), now)
		return err
	})
	if err != nil {
		return s.noteWait(ctx, err, half.User, try.Visitor, now)
	}
	name := audit.CodeRefused
	if found.replay {
		name = audit.CodeReplayed
	}
	if err := s.audit.Record(ctx, try.Visitor.event(name, half.User.ID), now); err != nil {
		return err
	}
	if err := s.warnOwner(ctx, half.User, failures, try.Visitor, now); err != nil {
		return err
	}
	if found.replay {
		return ErrCode
	}
	return s.wrongCode(half.Authenticators, try.Typed, now)
}

// noteWait records an attempt that came during a wait, and passes every error on.
func (s *Service) noteWait(ctx context.Context, err error, user storage.User, visitor Visitor, now time.Time) error {
	wait := (*WaitError)(nil)
	if !errors.As(err, &wait) {
		return err
	}
	return s.turnAway(ctx, wait, visitor.event(audit.CodeThrottled, user.ID), now)
}

// turnAway records an attempt that was not looked at, unless one like it was recorded less than a minute ago, and returns
// the wait. What it writes is one transaction: a minute without an entry must not begin without one.
func (s *Service) turnAway(ctx context.Context, wait *WaitError, event audit.Event, now time.Time) error {
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		due, more, err := s.throttle.Note(ctx, wait, now)
		if err != nil || !due {
			return err
		}
		delete(event.Detail, "more")
		if more > 0 {
			event.Detail["more"] = strconv.Itoa(more)
		}
		return s.audit.Record(ctx, event, now)
	})
	if err != nil {
		return err
	}
	return wait
}

// refuse records a refusal and returns it. One that cannot be recorded is a failure of ours.
func (s *Service) refuse(ctx context.Context, refusal error, event audit.Event, now time.Time) error {
	if err := s.audit.Record(ctx, event, now); err != nil {
		return err
	}
	return refusal
}

// factor is the second factor that completes a sign-in.
type factor struct {
	methods   []string // amr of RFC 8176
	recovered bool
	mustEnrol bool // the sign-in is worth nothing before a new authenticator
	event     audit.Name
	sid       string // of the session; empty: any
}

// complete turns a half-done sign-in into a session, in the caller's transaction, and ends the browser's earlier one.
func (s *Service) complete(ctx context.Context, half storage.HalfSignIn, try CodeAttempt, f factor, now time.Time) (Done, error) {
	done := Done{Session: newSecret(), Remember: half.Remember && s.cfg.Lifetimes.Remember > 0, Held: half.User.Exposed()}
	completion := storage.Completion{
		SID: f.sid, TokenHash: storage.Hash(done.Session), Methods: f.methods, Recovered: f.recovered, MustEnrol: f.mustEnrol,
		IdleUntil: now.Add(s.cfg.Lifetimes.Idle), ExpiresAt: now.Add(s.cfg.Lifetimes.Absolute),
		Event: s.audit.Rider(try.Visitor.event(f.event, half.User.ID), now),
	}
	switch {
	case f.mustEnrol:
		done.Remember, done.MustEnrol = false, true
		completion.ExpiresAt = now.Add(mustEnrolLife)
		completion.IdleUntil = completion.ExpiresAt
	case done.Remember:
		completion.ExpiresAt = now.Add(s.cfg.Lifetimes.Remember)
		completion.IdleUntil = completion.ExpiresAt
	}
	err := s.store.Sessions.CompleteSignIn(ctx, half.TokenHash, completion, now)
	if errors.Is(err, storage.ErrStale) {
		return Done{}, ErrStartAgain
	}
	if err == nil && try.Previous != "" {
		err = s.store.Sessions.End(ctx, storage.Hash(try.Previous))
	}
	if err != nil {
		return Done{}, err
	}
	done.Device, err = s.sealDevice(try.Visitor.Device, half.User, now)
	return done, err
}
