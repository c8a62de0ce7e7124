package enrol

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
)

// recoveredLife is how long after a sign-in with a recovery code a new authenticator may be enrolled.
const recoveredLife = 10 * time.Minute

// Enroller is a person who may enrol the first authenticator, or one in place of all that were lost: somebody with a valid invitation and a
// half-done sign-in, or somebody who has just used a recovery code. It is made only by [Service.InvitedEnroller],
// [Service.RecoveredEnroller] and [MustEnroller]; a password alone never suffices.
type Enroller struct {
	user     storage.User
	half     storage.HalfSignIn    // the half-done sign-in that the enrolment completes; empty after a recovery code
	session  string                // id of the session that a recovery code has opened
	kind     storage.EnrolmentKind // first or recovered
	must     bool                  // the sign-in cannot continue without a new authenticator
	renews   bool                  // the new authenticator replaces one with a short key
	remember bool                  // the person asked to stay signed in
}

// Replaces reports whether the new authenticator replaces lost ones.
func (e Enroller) Replaces() bool { return e.kind == storage.EnrolRecovered }

// Must reports whether the person cannot continue without a new authenticator, because the last recovery code is used or because of
// [Enroller.Renews].
func (e Enroller) Must() bool { return e.must }

// Renews reports whether the new authenticator replaces one with a short key.
func (e Enroller) Renews() bool { return e.renews }

func (e Enroller) purpose() storage.Purpose {
	return storage.Purpose{UserID: e.user.ID, Kind: e.kind, Holder: e.session}
}

// InvitedEnroller returns the enroller of a half-done sign-in that holds an invitation.
//
// Errors: account.ErrStartAgain; account.ErrEnrolled if there is an authenticator, so that the sign-in needs a code; account.ErrNotEnrolled
// if there is neither an authenticator nor a valid invitation.
func (s *Service) InvitedEnroller(ctx context.Context, cookie account.HalfCookie, now time.Time) (Enroller, error) {
	half, err := s.cfg.SignIns.Half(ctx, cookie, now)
	switch {
	case err != nil:
		return Enroller{}, err
	case len(half.Authenticators) > 0:
		return Enroller{}, account.ErrEnrolled
	case half.LinkHash == nil:
		return Enroller{}, account.ErrNotEnrolled
	}
	stored, err := s.cfg.Links.Find(ctx, half.LinkHash, storage.LinkEnrol, now)
	if errors.Is(err, account.ErrLink) || err == nil && stored.UserID != half.User.ID {
		return Enroller{}, account.ErrNotEnrolled
	}
	return Enroller{user: half.User, half: half, kind: storage.EnrolFirst}, err
}

// RecoveredEnroller returns the enroller of a session that a recovery code has opened within the last ten minutes.
//
// Errors: account.ErrStartAgain.
func (s *Service) RecoveredEnroller(signIn storage.SignIn, now time.Time) (Enroller, error) {
	if !signIn.Recovered() || !now.Before(signIn.Time().Add(recoveredLife)) {
		return Enroller{}, account.ErrStartAgain
	}
	return Enroller{user: signIn.User(), session: signIn.ID(), kind: storage.EnrolRecovered}, nil
}

// MustEnroller returns the enroller of a sign-in with the last recovery code, or with an authenticator that has to be renewed.
func MustEnroller(signIn storage.EnrollingSignIn) Enroller {
	return Enroller{
		user: signIn.User(), session: signIn.ID(), kind: storage.EnrolRecovered, must: true, renews: !signIn.Recovered(),
		remember: signIn.Remembered(),
	}
}
