package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Enroller is a person who may enrol the first authenticator, or one in place of all that were lost: who holds a good ticket and a
// half-done sign-in, or has just used a recovery code. Only InvitedEnroller, RecoveredEnroller and MustEnroller make one; a password
// alone never does. Who has shown both factors is a Changer.
type Enroller struct {
	user     storage.User
	half     storage.HalfSignIn    // completed by enrolling; empty after a recovery code
	session  string                // id of the one that a recovery code has opened
	kind     storage.EnrolmentKind // first or recovered
	must     bool                  // nothing else goes on before
	renews   bool                  // in place of one with a short key
	remember bool                  // the person asked to stay signed in
}

// Replaces reports whether the new authenticator takes the place of lost ones.
func (e Enroller) Replaces() bool { return e.kind == storage.EnrolRecovered }

// Must reports whether the person cannot go on without a new authenticator: the last recovery code is used, or Renews says why.
func (e Enroller) Must() bool { return e.must }

// Renews reports whether the new authenticator takes the place of one with a short key.
func (e Enroller) Renews() bool { return e.renews }

func (e Enroller) purpose() storage.Purpose {
	return storage.Purpose{UserID: e.user.ID, Kind: e.kind, Holder: e.session}
}

// InvitedEnroller returns the enroller of a half-done sign-in that holds a ticket.
//
// Errors: ErrStartAgain; ErrEnrolled when there is an authenticator, so that a code is asked for; ErrNotEnrolled when
// there is none and no good ticket either.
func (s *Service) InvitedEnroller(ctx context.Context, cookie HalfCookie, now time.Time) (Enroller, error) {
	half, err := s.half(ctx, cookie, now)
	switch {
	case err != nil:
		return Enroller{}, err
	case len(half.Authenticators) > 0:
		return Enroller{}, ErrEnrolled
	case half.LinkHash == nil:
		return Enroller{}, ErrNotEnrolled
	}
	ticket, err := s.goodTicket(ctx, half.LinkHash, now)
	if errors.Is(err, ErrTicket) || err == nil && ticket.UserID != half.User.ID {
		return Enroller{}, ErrNotEnrolled
	}
	return Enroller{user: half.User, half: half, kind: storage.EnrolFirst}, err
}

// RecoveredEnroller returns the enroller of a session that a recovery code has opened within the last ten minutes, else
// ErrStartAgain.
func (s *Service) RecoveredEnroller(signIn storage.SignIn, now time.Time) (Enroller, error) {
	if !signIn.Recovered() || !now.Before(signIn.Time().Add(recoveredLife)) {
		return Enroller{}, ErrStartAgain
	}
	return Enroller{user: signIn.User(), session: signIn.ID(), kind: storage.EnrolRecovered}, nil
}

// MustEnroller returns the enroller of a sign-in with the last recovery code or with an authenticator that is to be renewed.
func MustEnroller(signIn storage.EnrollingSignIn) Enroller {
	return Enroller{user: signIn.User(), session: signIn.ID(), kind: storage.EnrolRecovered, must: true, renews: !signIn.Recovered(), remember: signIn.Remembered()}
}

// Enrolment is an authenticator on its way.
type Enrolment struct {
	ID      string
	Key     otp.Key
	Issuer  string // as the authenticator app will show it
	Account string
	URI     string // otpauth://
	// RecoveryCodes are to be shown and acknowledged; nil: a code of the authenticator has to confirm it first.
	RecoveryCodes []string
}

// Enrolment returns the pending authenticator of a person, making one when there is none. It stays the same for ten minutes.
func (s *Service) Enrolment(ctx context.Context, who Enroller, visitor Visitor, now time.Time) (Enrolment, error) {
	return s.enrolment(ctx, who.user, who.purpose(), visitor, now)
}

func (s *Service) enrolment(ctx context.Context, user storage.User, p storage.Purpose, visitor Visitor, now time.Time) (Enrolment, error) {
	pending, err := s.store.Enrolments.ByPurpose(ctx, p, now)
	if errors.Is(err, storage.ErrNotFound) {
		pending, err = s.startEnrolment(ctx, p, visitor, now)
	}
	if err != nil {
		return Enrolment{}, err
	}
	key := keyOfPending(pending)
	uri, account, err := s.labelled(key, user)
	return Enrolment{ID: pending.ID, Key: key, Issuer: s.cfg.Issuer, Account: account, URI: uri, RecoveryCodes: pending.RecoveryCodes}, err
}

// labelled returns the URI of a key and what it calls the account: by the e-mail address, or by user name or id where the address is too long
// or cannot stand in a label.
func (s *Service) labelled(key otp.Key, user storage.User) (uri, account string, err error) {
	for _, account = range []string{user.Email, user.Username, user.ID} {
		if uri, err = otp.URI(key, s.cfg.Issuer, account); err == nil {
			return uri, account, nil
		}
	}
	uri, err = otp.URI(key, "Postern", user.ID) // an imported key may be six times as long as ours
	return uri, user.ID, err
}

func (s *Service) startEnrolment(ctx context.Context, p storage.Purpose, visitor Visitor, now time.Time) (pending storage.Enrolment, err error) {
	key := otp.NewKey(s.cfg.TOTP)
	fresh := storage.Enrolment{
		Purpose: p, ID: storage.NewID(), Secret: key.Secret, Algorithm: key.Algorithm, Digits: key.Digits, Period: key.Period,
		CreatedAt: now, ExpiresAt: now.Add(enrolmentLife),
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		pending, err = s.store.Enrolments.Start(ctx, fresh, now)
		if err != nil || pending.ID != fresh.ID {
			return err
		}
		return s.audit.Record(ctx, visitor.event(audit.EnrolmentStarted, p.UserID), now)
	})
	return pending, err
}

func keyOfPending(e storage.Enrolment) otp.Key {
	return otp.Key{Secret: e.Secret, Parameters: otp.Parameters{Algorithm: e.Algorithm, Digits: e.Digits, Period: e.Period}}
}

// maxEnrolmentFailures wrong codes discard a pending authenticator.
const maxEnrolmentFailures = 5

// ConfirmEnrolment checks a code of the pending authenticator; from then on Enrolment brings its recovery codes. It is not
// a factor yet.
//
// Errors: ErrCode, *ClockError, ErrEnrolmentLost.
func (s *Service) ConfirmEnrolment(ctx context.Context, who Enroller, typed string, visitor Visitor, now time.Time) error {
	pending, err := s.pendingOf(ctx, who.purpose(), now)
	if err != nil || pending.ConfirmedStep != 0 {
		return err
	}
	step, err := s.checkPending(ctx, pending, typed, visitor, now)
	if err != nil {
		return err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Enrolments.Confirm(ctx, pending.ID, step, otp.NewRecoveryCodes(), now.Add(enrolmentLife)); err != nil {
			return err
		}
		return s.audit.Record(ctx, visitor.event(audit.EnrolmentConfirmed, who.user.ID), now)
	})
	if errors.Is(err, storage.ErrStale) { // a double click confirmed it, or it is gone
		_, err = s.pendingOf(ctx, who.purpose(), now)
	}
	return err
}

// checkPending returns the time step of a right code of a pending authenticator, and counts a wrong one.
func (s *Service) checkPending(ctx context.Context, pending storage.Enrolment, typed string, visitor Visitor, now time.Time) (int64, error) {
	key := keyOfPending(pending)
	if code, err := otp.Normalize(typed, key.Digits); err == nil {
		if step, ok := key.Match(code, now, s.window); ok {
			return step, nil
		}
	}
	return 0, s.refuseEnrolment(ctx, pending, typed, visitor, now)
}

// pendingOf returns the pending authenticator of a purpose, or ErrEnrolmentLost.
func (s *Service) pendingOf(ctx context.Context, p storage.Purpose, now time.Time) (storage.Enrolment, error) {
	pending, err := s.store.Enrolments.ByPurpose(ctx, p, now)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Enrolment{}, ErrEnrolmentLost
	}
	return pending, err
}

func (s *Service) refuseEnrolment(ctx context.Context, pending storage.Enrolment, typed string, visitor Visitor, now time.Time) error {
	failures, err := s.store.Enrolments.CountFailure(ctx, pending.ID)
	if errors.Is(err, storage.ErrNotFound) {
		return ErrEnrolmentLost
	}
	if err != nil {
		return err
	}
	if err := s.audit.Record(ctx, visitor.event(audit.EnrolmentRefused, pending.UserID), now); err != nil {
		return err
	}
	if failures >= maxEnrolmentFailures {
		if err := s.store.Enrolments.End(ctx, pending.ID); err != nil && !errors.Is(err, storage.ErrStale) {
			return err
		}
		return ErrEnrolmentLost
	}
	key := keyOfPending(pending)
	if code, err := otp.Normalize(typed, key.Digits); err == nil {
		if offset, ok := key.Drift(code, now, driftSearched); ok {
			return &ClockError{Offset: offset}
		}
	}
	return ErrCode
}
