// Package enrol is the journey to a first authenticator, or to one in place of all that were lost, with its recovery codes. A person who
// still has an authenticator adds another one in package self.
package enrol

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what New needs. All fields are required.
type Config struct {
	Store         *storage.Store
	Audit         *audit.Log
	Notices       account.Notices
	Attempts      *account.Attempts
	SignIns       *account.SignIns
	Links         *account.Links
	Enrolments    *account.Enrolments
	RecoveryCodes *account.RecoveryCodes
}

// Service enrols authenticators. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the journey.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Enrolment returns a person's pending authenticator, and creates it on the first call. Later calls within ten minutes return the same one.
func (s *Service) Enrolment(ctx context.Context, who Enroller, visitor account.Visitor, now time.Time) (account.Enrolment, error) {
	return s.cfg.Enrolments.Show(ctx, who.user, who.purpose(), visitor, now)
}

// ConfirmEnrolment checks a code of the pending authenticator. If it is right, [Service.Enrolment] includes the recovery codes from then
// on. The authenticator is not a factor yet.
//
// Errors: account.ErrCode, *account.ClockError, account.ErrEnrolmentLost.
func (s *Service) ConfirmEnrolment(ctx context.Context, who Enroller, typed string, visitor account.Visitor, now time.Time) error {
	pending, err := s.cfg.Enrolments.Pending(ctx, who.purpose(), now)
	if err != nil || pending.ConfirmedStep != 0 {
		return err
	}
	step, err := s.cfg.Enrolments.Check(ctx, pending, typed, visitor, now)
	if err != nil {
		return err
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Store.Enrolments.Confirm(ctx, pending.ID, step, otp.NewRecoveryCodes(), now.Add(account.EnrolmentLife)); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, visitor.Event(audit.EnrolmentConfirmed, who.user.ID), now)
	})
	if errors.Is(err, storage.ErrStale) { // already confirmed by a double click, or gone
		_, err = s.cfg.Enrolments.Pending(ctx, who.purpose(), now)
	}
	return err
}
