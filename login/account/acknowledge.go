package account

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// AcknowledgeCodes makes a confirmed authenticator and the recovery codes that were shown with it factors, and completes the
// sign-in. previous is the session cookie of the browser, if any.
//
// Everything happens in one transaction: a process that dies before its end leaves the person where they were, and of any number of
// requests at once one succeeds. The step of the code that confirmed the authenticator is used up.
//
// After a recovery code the new authenticator and codes replace the lost ones, and everything that was granted before ends.
//
// Errors: ErrEnrolmentLost, ErrNotConfirmed, ErrStartAgain.
func (s *Service) AcknowledgeCodes(ctx context.Context, who Enroller, previous string, visitor Visitor, now time.Time) (Done, error) {
	pending, err := s.pendingOf(ctx, who.purpose(), now)
	if err != nil {
		return Done{}, err
	}
	if pending.ConfirmedStep == 0 {
		return Done{}, ErrNotConfirmed
	}
	var done Done
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Users.Lock(ctx, who.user); err != nil {
			return err
		}
		if err := s.store.Enrolments.End(ctx, pending.ID); err != nil {
			return err
		}
		half, err := s.clearTheWay(ctx, who, visitor, now)
		if err != nil {
			return err
		}
		if err := s.addFactors(ctx, pending, now); err != nil {
			return err
		}
		try := CodeAttempt{Previous: previous, Visitor: visitor}
		if done, err = s.complete(ctx, half, try, factor{methods: []string{"pwd", "otp", "mfa"}, event: audit.SignInCompleted}, now); err != nil {
			return err
		}
		if err := s.audit.Record(ctx, visitor.event(audit.EnrolmentAcknowledged, who.user.ID), now); err != nil {
			return err
		}
		kind := NoticeAuthenticatorAdded
		if who.Replaces() {
			kind = NoticeAuthenticatorReplaced
		}
		return s.notices.Send(ctx, who.user, Notice{Kind: kind}, now)
	})
	if errors.Is(err, storage.ErrStale) || errors.Is(err, storage.ErrNotFound) {
		return Done{}, ErrStartAgain
	}
	if err != nil {
		return Done{}, err
	}
	return done, nil
}

// clearTheWay uses up what allowed to enrol and returns the half-done sign-in to complete.
func (s *Service) clearTheWay(ctx context.Context, who Enroller, visitor Visitor, now time.Time) (storage.HalfSignIn, error) {
	if !who.Replaces() {
		if count, err := s.store.Authenticators.Count(ctx, who.user.ID); err != nil || count > 0 {
			return storage.HalfSignIn{}, cmp.Or(err, storage.ErrStale)
		}
		if err := s.store.Links.Spend(ctx, who.half.LinkHash, storage.LinkEnrol, now); err != nil {
			return storage.HalfSignIn{}, err
		}
		return who.half, s.audit.Record(ctx, visitor.event(audit.TicketUsed, who.user.ID), now)
	}
	// The session that allowed it must not have been ended since.
	if err := s.store.Sessions.KeepOnly(ctx, who.user, who.session, now); err != nil {
		return storage.HalfSignIn{}, err
	}
	if err := s.store.Users.RemoveFactors(ctx, who.user.ID); err != nil {
		return storage.HalfSignIn{}, err
	}
	user, err := s.endEverything(ctx, who.user.ID, now)
	if err != nil {
		return storage.HalfSignIn{}, err
	}
	half := storage.HalfSignIn{
		TokenHash: storage.Hash(newSecret()), User: user, Remember: who.remember, Browser: visitor.Browser,
		ClientIP: audit.ShortAddress(visitor.Address.String()), CreatedAt: now, ExpiresAt: now.Add(s.cfg.Lifetimes.HalfDone),
	}
	return half, s.store.Sessions.BeginSignIn(ctx, half, "")
}

// endEverything ends all sessions, grants and half-done sign-ins of a user, and returns the user of the new epoch.
func (s *Service) endEverything(ctx context.Context, userID string, now time.Time) (storage.User, error) {
	if err := s.store.Users.RaiseEpoch(ctx, userID, now); err != nil {
		return storage.User{}, err
	}
	if _, err := s.store.Sessions.EndAll(ctx, userID); err != nil {
		return storage.User{}, err
	}
	return s.store.Users.ByID(ctx, userID)
}

// addFactors stores the authenticator and the recovery codes of a confirmed enrolment.
func (s *Service) addFactors(ctx context.Context, pending storage.Enrolment, now time.Time) error {
	if err := s.store.Authenticators.Add(ctx, authenticatorOf(pending, "", pending.ConfirmedStep, now)); err != nil {
		return err
	}
	return s.replaceRecoveryCodes(ctx, pending.UserID, pending.RecoveryCodes)
}

// authenticatorOf returns what a pending authenticator becomes. It keeps its id, so that a form sent twice finds it done. The step of the
// code that confirmed it is used up.
func authenticatorOf(pending storage.Enrolment, name string, step int64, now time.Time) storage.Authenticator {
	return storage.Authenticator{
		ID: pending.ID, UserID: pending.UserID, Kind: storage.KindTOTP, Name: name, Secret: pending.Secret, Algorithm: pending.Algorithm,
		Digits: pending.Digits, Period: pending.Period, LastStep: step, CreatedAt: now,
	}
}

// replaceRecoveryCodes makes codes, as they were shown, the only ones of a user.
func (s *Service) replaceRecoveryCodes(ctx context.Context, userID string, shown []string) error {
	codes := make([]string, len(shown))
	for i, text := range shown {
		code, err := otp.NormalizeRecovery(text)
		if err != nil {
			return err
		}
		codes[i] = code
	}
	return s.store.RecoveryCodes.Replace(ctx, userID, codes)
}
