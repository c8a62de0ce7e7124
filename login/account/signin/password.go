package signin

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// PasswordAttempt is the form of the password page.
type PasswordAttempt struct {
	Name     string // user name or e-mail address
	Password string
	Remember bool
	// Invitation is the secret of the invitation in the browser, if any. It is checked when an authenticator is enrolled.
	Invitation string
	// Browser is the secret that identifies the browser; the half-done sign-in is bound to it.
	Browser string
	Visitor account.Visitor
}

// Authenticate checks name and password and begins a half-done sign-in. It reserves the attempt in its budgets before checking the
// password; the attempt counts if the password is wrong, but not if an outage ends it. An unknown name takes the same work.
//
// Errors: account.ErrCredentials, *account.WaitError, account.ErrBusy.
func (s *Service) Authenticate(ctx context.Context, try PasswordAttempt, now time.Time) (account.HalfCookie, error) {
	try.Name = identity.Name(try.Name)
	login, err := s.cfg.Store.Passwords.ByLogin(ctx, try.Name)
	unknown := errors.Is(err, storage.ErrNotFound)
	if err != nil && !unknown {
		return account.HalfCookie{}, err
	}
	attempt, err := s.cfg.Attempts.BeginPassword(ctx, s.subject(try, login.User, now), try.Visitor.ClientIP, now)
	if wait := (*account.WaitError)(nil); errors.As(err, &wait) {
		return account.HalfCookie{}, s.cfg.Attempts.TurnAway(ctx, wait, try.Visitor.Event(audit.PasswordThrottled, login.ID), now)
	}
	if err != nil {
		return account.HalfCookie{}, err
	}
	verdict, err := s.cfg.Passwords.Check(ctx, login, try.Password)
	if err != nil {
		return account.HalfCookie{}, errors.Join(err, attempt.Undecided(ctx))
	}
	if !verdict.Right || login.Disabled() {
		if err := attempt.Failed(ctx, now); err != nil {
			return account.HalfCookie{}, err
		}
		return account.HalfCookie{}, s.refusePassword(ctx, try, login, verdict.Right, now)
	}
	half, err := s.begin(ctx, try, login.User, now)
	if errors.Is(err, storage.ErrLimit) {
		return account.HalfCookie{}, errors.Join(s.crowded(ctx, try, login.User, now), attempt.Passed(ctx))
	}
	if err != nil {
		return account.HalfCookie{}, errors.Join(err, attempt.Undecided(ctx))
	}
	if verdict.Renew != nil {
		verdict.Renew(ctx)
	}
	return half, attempt.Passed(ctx)
}

// subject returns the subject to which a failed attempt is counted; an unknown name has one as well.
func (s *Service) subject(try PasswordAttempt, user storage.User, now time.Time) throttle.Subject {
	nobody := s.cfg.Attempts.Name(storage.CanonicalName(try.Name)) // always done, so that the work is the same
	if user.ID == "" {
		return nobody
	}
	return s.cfg.Attempts.Subject(try.Visitor, user, now)
}

// refusePassword records the reason in the audit log, the only place that has it, and returns ErrCredentials.
func (s *Service) refusePassword(ctx context.Context, try PasswordAttempt, login storage.PasswordLogin, right bool, now time.Time) error {
	event := try.Visitor.Event(audit.PasswordRefused, login.ID)
	switch {
	case login.ID == "":
		event.Detail["reason"] = "unknown name"
	case right:
		event.Detail["reason"] = "account disabled"
	default:
		event.Detail["reason"] = "wrong password"
	}
	return s.cfg.Attempts.Refuse(ctx, account.ErrCredentials, event, now)
}

func (s *Service) begin(ctx context.Context, try PasswordAttempt, user storage.User, now time.Time) (account.HalfCookie, error) {
	b := account.Beginning{User: user, Remember: try.Remember, Browser: try.Browser, Visitor: try.Visitor}
	if try.Invitation != "" {
		b.LinkHash = storage.Hash(try.Invitation)
	}
	return s.cfg.SignIns.Begin(ctx, b, now)
}

// crowded refuses a right password because too many half-done sign-ins have begun with it in unknown browsers.
func (s *Service) crowded(ctx context.Context, try PasswordAttempt, user storage.User, now time.Time) error {
	wait := throttle.Crowd(throttle.User(user.ID), now.Add(s.cfg.SignIns.HalfDone()))
	return s.cfg.Attempts.TurnAway(ctx, wait, try.Visitor.Event(audit.PasswordThrottled, user.ID), now)
}
