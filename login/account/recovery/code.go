package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// UseRecoveryCode completes a half-done sign-in with a recovery code in place of a one-time code. The code is used up, the owner is told,
// the user's other sessions end with the grants made in them, and a factor that was closed after too many wrong codes is open again. The
// last recovery code only lets the person enrol a new authenticator: see enrol.MustEnroller.
//
// Checking the code and counting a wrong one is one transaction: of several codes sent at once no more are checked than the budget allows,
// and an outage does not count.
//
// Errors: account.ErrCode, *account.WaitError, account.ErrStartAgain, account.ErrNotEnrolled.
func (s *Service) UseRecoveryCode(ctx context.Context, try account.CodeAttempt, now time.Time) (account.Done, error) {
	half, err := s.cfg.SignIns.Waiting(ctx, try.Half, now)
	if err != nil {
		return account.Done{}, err
	}
	var (
		done     account.Done
		failures int
		right    bool
		who      = s.cfg.Attempts.Subject(try.Visitor, half.User, now)
	)
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if failures, right, err = s.spend(ctx, half, try.Typed, who, now); err != nil || !right {
			return err
		}
		done, err = s.complete(ctx, half, who, try, now)
		return err
	})
	if err != nil {
		return account.Done{}, s.cfg.Attempts.CodeError(ctx, err, half.User, try.Visitor, now)
	}
	if !right {
		return account.Done{}, s.refuse(ctx, half.User, failures, try.Visitor, now)
	}
	return done, nil
}

// spend uses up a recovery code in the caller's transaction. It counts a wrong code; failures is the number of wrong ones in a row.
func (s *Service) spend(ctx context.Context, half storage.HalfSignIn, typed string, who throttle.Subject, now time.Time) (failures int, right bool, err error) {
	if err := s.cfg.Attempts.Hold(ctx, who, throttle.User(half.User.ID)); err != nil {
		return 0, false, err
	}
	if failures, err = s.cfg.Attempts.Fail(ctx, throttle.RecoveryCode, who, now); err != nil {
		return 0, false, err
	}
	answer := account.Answer{User: half.User, Typed: typed}
	match := s.cfg.Codes.Match(ctx, answer, now)
	if !match.Right {
		return failures, false, nil
	}
	err = s.cfg.Codes.Spend(ctx, answer, match, now)
	if errors.Is(err, account.ErrCode) {
		return failures, false, nil
	}
	return 0, err == nil, err
}

func (s *Service) complete(ctx context.Context, half storage.HalfSignIn, who throttle.Subject, try account.CodeAttempt, now time.Time) (account.Done, error) {
	if err := s.cfg.Attempts.Reopen(ctx, who, throttle.User(half.User.ID)); err != nil {
		return account.Done{}, err
	}
	left, err := s.cfg.Codes.Left(ctx, half.User.ID)
	if err != nil {
		return account.Done{}, err
	}
	// A person who signs in with a recovery code may have lost a phone that is still signed in.
	if err := s.cfg.Store.Sessions.EndComplete(ctx, half.User.ID, now); err != nil {
		return account.Done{}, err
	}
	proof := account.Proof{Methods: account.Methods(s.cfg.Codes), Recovered: true, MustEnrol: left == 0}
	done, err := s.cfg.SignIns.Complete(ctx, half, proof, try.Previous, try.Visitor, now)
	if err != nil {
		return account.Done{}, err
	}
	done.CodesLeft = left
	if err := s.cfg.Audit.Record(ctx, try.Visitor.Event(audit.RecoveryCodeUsed, half.User.ID), now); err != nil {
		return account.Done{}, err
	}
	return done, s.cfg.Notices.Send(ctx, half.User, account.Notice{Kind: account.NoticeRecoveryCodeUsed, Count: done.CodesLeft}, now)
}

func (s *Service) refuse(ctx context.Context, user storage.User, failures int, visitor account.Visitor, now time.Time) error {
	if err := s.cfg.Audit.Record(ctx, visitor.Event(audit.RecoveryCodeRefused, user.ID), now); err != nil {
		return err
	}
	if err := s.cfg.Attempts.Warn(ctx, user, failures, visitor, now); err != nil {
		return err
	}
	return account.ErrCode
}
