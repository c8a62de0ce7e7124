package enrol

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// MayAskEnrolLink returns the user of a half-done sign-in if the user has no authenticator and may be mailed a link to enrol one.
//
// Errors: account.ErrStartAgain, account.ErrEnrolled; account.ErrUnverified if the e-mail address is not verified.
func (s *Service) MayAskEnrolLink(ctx context.Context, cookie account.HalfCookie, now time.Time) (storage.User, error) {
	half, err := s.cfg.SignIns.Half(ctx, cookie, now)
	switch {
	case err != nil:
		return storage.User{}, err
	case len(half.Authenticators) > 0:
		return storage.User{}, account.ErrEnrolled
	case !half.User.EmailConfirmed(now):
		return storage.User{}, account.ErrUnverified
	}
	return half.User, nil
}

// AskEnrolLink mails this user an invitation, which replaces an earlier one: password and mailbox together suffice to enrol a first
// authenticator, the password alone does not.
//
// Errors: those of [Service.MayAskEnrolLink], *account.WaitError.
func (s *Service) AskEnrolLink(ctx context.Context, cookie account.HalfCookie, visitor account.Visitor, now time.Time) error {
	user, err := s.MayAskEnrolLink(ctx, cookie, now)
	if err != nil {
		return err
	}
	err = s.cfg.Attempts.SendCounted(ctx, "enrol", user, visitor, now, func(ctx context.Context) error {
		invitation, err := s.cfg.Links.Invite(ctx, user, visitor.Event(audit.TicketIssued, user.ID), now)
		if err != nil {
			return err
		}
		return s.cfg.Notices.Send(ctx, user, invitation.For(visitor).Notice(account.NoticeEnrolLink), now)
	})
	if errors.Is(err, storage.ErrNotFound) { // the account was deleted meanwhile
		return account.ErrStartAgain
	}
	return err
}
