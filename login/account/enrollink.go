package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// MayAskEnrolLink returns the user of a half-done sign-in without an authenticator to whom a link may be mailed that adds one.
//
// Errors: ErrStartAgain, ErrEnrolled; ErrUnverified when the address is not known to be the person's.
func (s *Service) MayAskEnrolLink(ctx context.Context, cookie HalfCookie, now time.Time) (storage.User, error) {
	half, err := s.half(ctx, cookie, now)
	switch {
	case err != nil:
		return storage.User{}, err
	case len(half.Authenticators) > 0:
		return storage.User{}, ErrEnrolled
	case !half.User.EmailConfirmed(now):
		return storage.User{}, ErrUnverified
	}
	return half.User, nil
}

// AskEnrolLink mails that person an invitation in place of an earlier one: the password and the mailbox together may enrol a first
// authenticator, the password alone never does.
//
// Errors: those of MayAskEnrolLink, *WaitError.
func (s *Service) AskEnrolLink(ctx context.Context, cookie HalfCookie, visitor Visitor, now time.Time) error {
	user, err := s.MayAskEnrolLink(ctx, cookie, now)
	if err != nil {
		return err
	}
	err = s.sendCounted(ctx, "enrol", user, visitor, now, func(ctx context.Context) error {
		invitation, err := s.issueTicket(ctx, user, visitor.event(audit.TicketIssued, user.ID), now)
		if err != nil {
			return err
		}
		return s.notices.Send(ctx, user, invitation.back(visitor).notice(NoticeEnrolLink), now)
	})
	if errors.Is(err, storage.ErrNotFound) { // the account was deleted meanwhile
		return ErrStartAgain
	}
	return err
}
