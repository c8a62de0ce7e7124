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
// again. The last code opens nothing but the enrolment of a new authenticator: see LastCodeEnroller.
//
// The attempt is counted as a failure before the code is looked at; a right one ends the row.
//
// Errors: ErrCode, *WaitError, ErrStartAgain, ErrNotEnrolled.
func (s *Service) UseRecoveryCode(ctx context.Context, try CodeAttempt, now time.Time) (Done, error) {
	half, err := s.waitingForCode(ctx, try.Half, now)
	if err != nil {
		return Done{}, err
	}
	who := s.subject(try.Visitor, half.User, now)
	failures, err := s.throttle.Fail(ctx, throttle.RecoveryCode, who, now)
	if err != nil {
		return Done{}, s.noteWait(ctx, err, half.User, try.Visitor, now)
	}
	var done Done
	code, err := otp.NormalizeRecovery(try.Typed)
	if err == nil {
		err = s.store.InTx(ctx, func(ctx context.Context) error {
			done, err = s.recover(ctx, half, code, who, try, now)
			return err
		})
	}
	if errors.Is(err, otp.ErrMalformedCode) || errors.Is(err, storage.ErrNotFound) {
		return Done{}, s.refuseRecoveryCode(ctx, half.User, failures, try.Visitor, now)
	}
	if err != nil {
		return Done{}, err
	}
	return done, nil
}

func (s *Service) recover(ctx context.Context, half storage.HalfSignIn, code string, who throttle.Subject, try CodeAttempt, now time.Time) (Done, error) {
	// Counters first, as in every transaction that writes them, so that no two wait for one another.
	for _, subject := range []throttle.Subject{who, throttle.User(half.User.ID)} {
		if err := s.throttle.Reopen(ctx, subject); err != nil {
			return Done{}, err
		}
	}
	if err := s.store.HoldUser(ctx, half.User); errors.Is(err, storage.ErrStale) {
		return Done{}, ErrStartAgain
	} else if err != nil {
		return Done{}, err
	}
	if err := s.store.SpendRecoveryCode(ctx, half.User.ID, code, now); err != nil {
		return Done{}, err
	}
	left, err := s.store.RecoveryCodesLeft(ctx, half.User.ID)
	if err != nil {
		return Done{}, err
	}
	// Who signs in with a recovery code may have lost the phone on which a session lives.
	if err := s.store.EndCompleteSessions(ctx, half.User.ID, now); err != nil {
		return Done{}, err
	}
	// RFC 8176: no "otp", because none was shown.
	recovered := factor{methods: []string{"pwd", "mfa"}, recovered: true, last: left == 0, event: audit.SignInCompleted}
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
