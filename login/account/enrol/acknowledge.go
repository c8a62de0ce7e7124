package enrol

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// AcknowledgeCodes stores a confirmed authenticator as a factor, with the recovery codes that were shown with it, and completes the
// sign-in. previous is the session cookie of the browser, if any.
//
// It does everything in one transaction: if the process dies, nothing has changed, and of several simultaneous requests only one succeeds.
// The time step of the code that confirmed the authenticator counts as used.
//
// After a sign-in with a recovery code, the new authenticator and codes replace all earlier ones, and everything granted before ends.
//
// Errors: account.ErrEnrolmentLost, account.ErrNotConfirmed, account.ErrStartAgain.
func (s *Service) AcknowledgeCodes(ctx context.Context, who Enroller, previous string, visitor account.Visitor, now time.Time) (account.Done, error) {
	pending, err := s.cfg.Enrolments.Pending(ctx, who.purpose(), now)
	if err != nil {
		return account.Done{}, err
	}
	if pending.ConfirmedStep == 0 {
		return account.Done{}, account.ErrNotConfirmed
	}
	var done account.Done
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Store.Users.Lock(ctx, who.user); err != nil {
			return err
		}
		if err := s.cfg.Store.Enrolments.End(ctx, pending.ID); err != nil {
			return err
		}
		half, err := s.spendPermission(ctx, who, visitor, now)
		if err != nil {
			return err
		}
		if err := s.addFactors(ctx, pending, now); err != nil {
			return err
		}
		if done, err = s.cfg.SignIns.Complete(ctx, half, s.cfg.Enrolments.Proof(), previous, visitor, now); err != nil {
			return err
		}
		if err := s.cfg.Audit.Record(ctx, visitor.Event(audit.EnrolmentAcknowledged, who.user.ID), now); err != nil {
			return err
		}
		kind := account.NoticeAuthenticatorAdded
		if who.Replaces() {
			kind = account.NoticeAuthenticatorReplaced
		}
		return s.cfg.Notices.Send(ctx, who.user, account.Notice{Kind: kind}, now)
	})
	if errors.Is(err, storage.ErrStale) || errors.Is(err, storage.ErrNotFound) {
		return account.Done{}, account.ErrStartAgain
	}
	if err != nil {
		return account.Done{}, err
	}
	return done, nil
}

// spendPermission uses up the permission to enrol and returns the half-done sign-in to complete.
func (s *Service) spendPermission(ctx context.Context, who Enroller, visitor account.Visitor, now time.Time) (storage.HalfSignIn, error) {
	if !who.Replaces() {
		if count, err := s.cfg.Store.Authenticators.Count(ctx, who.user.ID); err != nil || count > 0 {
			return storage.HalfSignIn{}, cmp.Or(err, storage.ErrStale)
		}
		if err := s.cfg.Store.Links.Spend(ctx, who.half.LinkHash, storage.LinkEnrol, now); err != nil {
			return storage.HalfSignIn{}, err
		}
		return who.half, s.cfg.Audit.Record(ctx, visitor.Event(audit.TicketUsed, who.user.ID), now)
	}
	// The session that allowed the enrolment must still exist.
	if err := s.cfg.Store.Sessions.KeepOnly(ctx, who.user, who.session, now); err != nil {
		return storage.HalfSignIn{}, err
	}
	if err := s.cfg.Store.Users.RemoveFactors(ctx, who.user.ID); err != nil {
		return storage.HalfSignIn{}, err
	}
	user, err := s.cfg.SignIns.EndEverything(ctx, who.user.ID, now)
	if err != nil {
		return storage.HalfSignIn{}, err
	}
	return s.cfg.SignIns.BeginAgain(ctx, user, who.remember, visitor, now)
}

// addFactors stores the authenticator and the recovery codes of a confirmed enrolment.
func (s *Service) addFactors(ctx context.Context, pending storage.Enrolment, now time.Time) error {
	if err := s.cfg.Store.Authenticators.Add(ctx, account.Confirmed(pending, "", pending.ConfirmedStep, now)); err != nil {
		return err
	}
	return s.cfg.RecoveryCodes.Replace(ctx, pending.UserID, pending.RecoveryCodes)
}
