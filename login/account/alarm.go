package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// warnOwner acts on wrong codes after a right password once the free tries are used up. In a browser that nobody knows, somebody else
// has the password: the owner is told once, and the account is marked until a new password is chosen. In a browser of the owner's
// it is probably the owner, who is told and no more. The owner is also told when the factor closes.
func (s *Service) warnOwner(ctx context.Context, user storage.User, failures int, visitor Visitor, now time.Time) error {
	closed := s.throttle.Closes(failures)
	_, known := s.openDevice(visitor.Device, user, now)
	exposes := !known && failures >= s.throttle.CodeTries() && !user.Exposed()
	tell := known && failures == s.throttle.CodeTries()
	if !closed && !exposes && !tell {
		return nil
	}
	return s.store.InTx(ctx, func(ctx context.Context) (err error) {
		exposed := false
		if exposes {
			if exposed, err = s.expose(ctx, user, visitor, now); err != nil {
				return err
			}
		}
		if closed {
			if err := s.audit.Record(ctx, visitor.event(audit.FactorClosed, user.ID), now); err != nil {
				return err
			}
			return s.notices.Send(ctx, user, Notice{Kind: NoticeFactorClosed, Count: failures}, now)
		}
		if !exposed && !tell {
			return nil
		}
		return s.notices.Send(ctx, user, Notice{Kind: NoticeExposed, Count: failures}, now)
	})
}

// expose marks an account; marked is false when somebody else was quicker, or the password has been changed meanwhile.
func (s *Service) expose(ctx context.Context, user storage.User, visitor Visitor, now time.Time) (marked bool, err error) {
	err = s.store.Passwords.MarkExposed(ctx, user.ID, user.Epoch, now)
	if errors.Is(err, storage.ErrStale) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.audit.Record(ctx, visitor.event(audit.PasswordExposed, user.ID), now)
}
