package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// PasswordAttempt is what the password page sends.
type PasswordAttempt struct {
	Name     string // user name or e-mail address
	Password string
	Remember bool
	// Ticket is the secret of an invitation that the browser holds, if any. It is looked at when it comes to enrolling.
	Ticket string
	// Browser is the secret by which the browser is known; the half-done sign-in is bound to it.
	Browser string
	Visitor Visitor
}

// Authenticate checks name and password and begins a half-done sign-in. The attempt takes room in its budgets before the password is
// looked at, counts once it was judged, and does not count when an outage ends it. An unknown name costs the same work.
//
// Errors: ErrCredentials, *WaitError, ErrBusy.
func (s *Service) Authenticate(ctx context.Context, try PasswordAttempt, now time.Time) (HalfCookie, error) {
	try.Name = typedName(try.Name)
	login, err := s.store.Passwords.ByLogin(ctx, try.Name)
	unknown := errors.Is(err, storage.ErrNotFound)
	if err != nil && !unknown {
		return HalfCookie{}, err
	}
	attempt, err := s.throttle.BeginPassword(ctx, s.passwordSubject(try, login.User, now), try.Visitor.Address, now)
	if wait := (*WaitError)(nil); errors.As(err, &wait) {
		return HalfCookie{}, s.turnAway(ctx, wait, try.Visitor.event(audit.PasswordThrottled, login.ID), now)
	}
	if err != nil {
		return HalfCookie{}, err
	}
	right, outdated, err := s.checkPassword(ctx, login, try.Password)
	if err != nil {
		return HalfCookie{}, errors.Join(err, attempt.Undecided(ctx))
	}
	if !right || login.Disabled() {
		if err := attempt.Failed(ctx, now); err != nil {
			return HalfCookie{}, err
		}
		return HalfCookie{}, s.refusePassword(ctx, try, login, right, now)
	}
	half, err := s.beginSignIn(ctx, try, login.User, now)
	if errors.Is(err, storage.ErrLimit) {
		return HalfCookie{}, errors.Join(s.crowded(ctx, try, login.User, now), attempt.Passed(ctx))
	}
	if err != nil {
		return HalfCookie{}, errors.Join(err, attempt.Undecided(ctx))
	}
	if outdated {
		s.renewHash(ctx, login, try.Password)
	}
	return half, attempt.Passed(ctx)
}

// passwordSubject returns whose failures the attempt counts among: an unknown name has a budget like any user.
func (s *Service) passwordSubject(try PasswordAttempt, user storage.User, now time.Time) throttle.Subject {
	nobody := s.throttle.Name(storage.CanonicalName(try.Name)) // for the same work, whether or not it is needed
	if user.ID == "" {
		return nobody
	}
	return s.subject(try.Visitor, user, now)
}

// checkPassword does the work of one check whether or not there is a hash to check against.
func (s *Service) checkPassword(ctx context.Context, login storage.PasswordLogin, typed string) (right, outdated bool, err error) {
	if login.Hash == "" {
		return false, false, s.passwords.VerifyNobody(ctx, typed)
	}
	right, outdated, err = s.passwords.Verify(ctx, typed, login.Hash)
	if errors.Is(err, password.ErrHash) {
		s.log.ErrorContext(ctx, "stored password hash is damaged", "user_id", login.ID, "err", err)
		return false, false, s.passwords.VerifyNobody(ctx, typed)
	}
	return right, outdated, err
}

// refusePassword records why, for the audit log alone.
func (s *Service) refusePassword(ctx context.Context, try PasswordAttempt, login storage.PasswordLogin, right bool, now time.Time) error {
	event := try.Visitor.event(audit.PasswordRefused, login.ID)
	switch {
	case login.ID == "":
		event.Detail["reason"] = "unknown name"
	case right:
		event.Detail["reason"] = "account disabled"
	default:
		event.Detail["reason"] = "wrong password"
	}
	return s.refuse(ctx, ErrCredentials, event, now)
}

func (s *Service) beginSignIn(ctx context.Context, try PasswordAttempt, user storage.User, now time.Time) (HalfCookie, error) {
	half := HalfCookie{Secret: newSecret(), Browser: try.Browser}
	row := storage.HalfSignIn{
		TokenHash: half.hash(), User: user, Remember: try.Remember && s.cfg.Lifetimes.Remember > 0, Browser: try.Visitor.Browser,
		ClientIP: audit.ShortAddress(try.Visitor.Address.String()), CreatedAt: now, ExpiresAt: now.Add(s.cfg.Lifetimes.HalfDone),
	}
	if _, known := s.openDevice(try.Visitor.Device, user, now); !known {
		row.Limit = halfDoneLimit
	}
	if try.Ticket != "" {
		row.LinkHash = storage.Hash(try.Ticket)
		row.ExpiresAt = now.Add(enrolmentLife)
	}
	rider := s.audit.Rider(try.Visitor.event(audit.PasswordAccepted, user.ID), now)
	return half, s.store.Sessions.BeginSignIn(ctx, row, rider)
}

// crowded turns a right password away because strangers have begun so many sign-ins with it.
func (s *Service) crowded(ctx context.Context, try PasswordAttempt, user storage.User, now time.Time) error {
	wait := throttle.Crowd(throttle.User(user.ID), now.Add(s.cfg.Lifetimes.HalfDone))
	return s.turnAway(ctx, wait, try.Visitor.event(audit.PasswordThrottled, user.ID), now)
}

// renewHash replaces a hash that is out of date. The sign-in does not depend on it: it is tried again at the next one.
func (s *Service) renewHash(ctx context.Context, login storage.PasswordLogin, typed string) {
	hash, err := s.passwords.Hash(ctx, typed)
	if err == nil {
		err = s.store.Passwords.Rehash(ctx, login.ID, login.Hash, hash)
	}
	if err != nil && !errors.Is(err, storage.ErrStale) {
		s.log.WarnContext(ctx, "password hash not renewed", "user_id", login.ID, "err", err)
	}
}
