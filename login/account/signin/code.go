package signin

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Pending is what the pages show of a half-done sign-in.
type Pending struct {
	User           storage.User
	Authenticators []storage.Authenticator // without their secrets
}

// Pending returns the half-done sign-in of a browser that waits for a code. Errors: account.ErrStartAgain, account.ErrNotEnrolled.
func (s *Service) Pending(ctx context.Context, cookie account.HalfCookie, now time.Time) (Pending, error) {
	half, err := s.cfg.SignIns.Waiting(ctx, cookie, now)
	if err != nil {
		return Pending{}, err
	}
	for i := range half.Authenticators {
		half.Authenticators[i].Secret = nil
	}
	return Pending{User: half.User, Authenticators: half.Authenticators}, nil
}

// ConfirmCode completes a half-done sign-in with a code of an authenticator, and uses the code up.
//
// Errors: account.ErrCode, *account.ClockError (which is an ErrCode), *account.WaitError, account.ErrStartAgain, account.ErrNotEnrolled.
func (s *Service) ConfirmCode(ctx context.Context, try account.CodeAttempt, now time.Time) (account.Done, error) {
	half, err := s.cfg.SignIns.Waiting(ctx, try.Half, now)
	if err != nil {
		return account.Done{}, err
	}
	answer := account.Answer{User: half.User, Authenticators: half.Authenticators, Typed: try.Typed}
	factor, match := s.cfg.Factors.Match(ctx, answer, now)
	if !match.Right {
		return account.Done{}, s.refuseCode(ctx, answer, match, try.Visitor, now)
	}
	tell, err := s.mayAnnounce(ctx, half, try.Visitor, now)
	if err != nil {
		return account.Done{}, err
	}
	var done account.Done
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		// The counter is updated first, so that right and wrong codes sent at once are counted in the order in which they arrived.
		if err := s.cfg.Attempts.Pass(ctx, s.cfg.Attempts.Subject(try.Visitor, half.User, now), now); err != nil {
			return err
		}
		if err := factor.Spend(ctx, answer, match, now); err != nil {
			return err
		}
		proof := account.Proof{Methods: account.Methods(factor), MustEnrol: match.Renew, SID: storage.NewID()}
		if done, err = s.cfg.SignIns.Complete(ctx, half, proof, try.Previous, try.Visitor, now); err == nil && tell {
			err = s.announce(ctx, half.User, proof.SID, try.Visitor, now)
		}
		return err
	})
	if errors.Is(err, account.ErrCode) {
		match.Replayed = true
		return account.Done{}, s.refuseCode(ctx, answer, match, try.Visitor, now)
	}
	if err != nil {
		return account.Done{}, s.cfg.Attempts.CodeError(ctx, err, half.User, try.Visitor, now)
	}
	return done, nil
}

// refuseCode counts a wrong code, records it, and warns the owner if there were too many.
func (s *Service) refuseCode(ctx context.Context, answer account.Answer, match account.Match, visitor account.Visitor, now time.Time) error {
	user, failures := answer.User, 0
	// This uses a transaction because a right code does: during a wait, the response time must not tell whether the code was right.
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context) (err error) {
		failures, err = s.cfg.Attempts.Fail(ctx, throttle.Code, s.cfg.Attempts.Subject(visitor, user, now), now)
		return err
	})
	if err != nil {
		return s.cfg.Attempts.CodeError(ctx, err, user, visitor, now)
	}
	name := audit.CodeRefused
	if match.Replayed {
		name = audit.CodeReplayed
	}
	if err := s.cfg.Audit.Record(ctx, visitor.Event(name, user.ID), now); err != nil {
		return err
	}
	if err := s.cfg.Attempts.Warn(ctx, user, failures, visitor, now); err != nil {
		return err
	}
	if match.Replayed {
		return account.ErrCode
	}
	return s.cfg.Factors.Refusal(answer, now)
}
