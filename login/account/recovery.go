package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// UseRecoveryCode completes a half-done sign-in with a recovery code in place of a one-time code. The code is used up, the
// owner is told, the user's other sessions end with what apps were given in them, and a factor that too many wrong codes have closed is open
// again. The last code opens nothing but the enrolment of a new authenticator: see MustEnroller.
//
// Whether the code is right, and that it was wrong, is found and counted in one transaction: of codes that are sent at once no more
// are looked at than the budget has left, and an outage counts nothing.
//
// Errors: ErrCode, *WaitError, ErrStartAgain, ErrNotEnrolled.
func (s *Service) UseRecoveryCode(ctx context.Context, try CodeAttempt, now time.Time) (Done, error) {
	half, err := s.waitingForCode(ctx, try.Half, now)
	if err != nil {
		return Done{}, err
	}
	var (
		done     Done
		failures int
		right    bool
		who      = s.subject(try.Visitor, half.User, now)
	)
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if failures, right, err = s.spendRecoveryCode(ctx, half, try.Typed, who, now); err != nil || !right {
			return err
		}
		done, err = s.recover(ctx, half, who, try, now)
		return err
	})
	if err != nil {
		return Done{}, s.noteWait(ctx, err, half.User, try.Visitor, now)
	}
	if !right {
		return Done{}, s.refuseRecoveryCode(ctx, half.User, failures, try.Visitor, now)
	}
	return done, nil
}

// spendRecoveryCode uses a recovery code up, in the caller's transaction. One that is not right is counted, and failures is how many there were
// in a row.
func (s *Service) spendRecoveryCode(ctx context.Context, half storage.HalfSignIn, typed string, who throttle.Subject, now time.Time) (failures int, right bool, err error) {
	if err := s.throttle.Hold(ctx, who, throttle.User(half.User.ID)); err != nil {
		return 0, false, err
	}
	if failures, err = s.throttle.Fail(ctx, throttle.RecoveryCode, who, now); err != nil {
		return 0, false, err
	}
	code, err := otp.NormalizeRecovery(typed)
	if errors.Is(err, otp.ErrMalformedCode) {
		return failures, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if err := s.store.Users.Lock(ctx, half.User); errors.Is(err, storage.ErrStale) {
		return 0, false, ErrStartAgain
	} else if err != nil {
		return 0, false, err
	}
	err = s.store.RecoveryCodes.Spend(ctx, half.User.ID, code, now)
	if errors.Is(err, storage.ErrNotFound) {
		return failures, false, nil
	}
	return 0, err == nil, err
}

func (s *Service) recover(ctx context.Context, half storage.HalfSignIn, who throttle.Subject, try CodeAttempt, now time.Time) (Done, error) {
	if err := s.throttle.Reopen(ctx, who, throttle.User(half.User.ID)); err != nil {
		return Done{}, err
	}
	left, err := s.store.RecoveryCodes.CountUnused(ctx, half.User.ID)
	if err != nil {
		return Done{}, err
	}
	// Who signs in with a recovery code may have lost the phone on which a session lives.
	if err := s.store.Sessions.EndComplete(ctx, half.User.ID, now); err != nil {
		return Done{}, err
	}
	// RFC 8176: no "otp", because none was shown.
	recovered := factor{methods: []string{"pwd", "mfa"}, recovered: true, mustEnrol: left == 0, event: audit.SignInCompleted}
	done, err := s.complete(ctx, half, try, recovered, now)
	if err != nil {
		return Done{}, err
	}
	done.Left = left
	if err := s.audit.Record(ctx, try.Visitor.event(audit.RecoveryCodeUsed, half.User.ID), now); err != nil {
		return Done{}, err
	}
	return done, s.notices.Send(ctx, half.User, Notice{Kind: NoticeRecoveryCodeUsed, Count: done.Left}, now)
}

func (s *Service) refuseRecoveryCode(ctx context.Context, user storage.User, failures int, visitor Visitor, now time.Time) error {
	if err := s.audit.Record(ctx, visitor.event(audit.RecoveryCodeRefused, user.ID), now); err != nil {
		return err
	}
	if err := s.warnOwner(ctx, user, failures, visitor, now); err != nil {
		return err
	}
	return ErrCode
}
