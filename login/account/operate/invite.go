package operate

import (
	"context"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Invite makes a new invitation, which replaces an earlier one, and mails it unless sign-up is closed.
//
// Errors: storage.ErrNotFound; account.ErrEnrolled if the account already has a password and an authenticator.
func (s *Service) Invite(ctx context.Context, name string, by audit.By, now time.Time) (storage.User, account.Link, error) {
	user, err := s.cfg.Store.Users.Find(ctx, identity.Name(name))
	if err != nil {
		return storage.User{}, account.Link{}, err
	}
	var invitation account.Link
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if invitation, err = s.invite(ctx, user, by, now); err != nil {
			return err
		}
		// This is checked after the earlier invitation was replaced: from here on nobody can enrol with that one.
		enrolled, hasPassword, err := account.Credentials(ctx, s.cfg.Store, user)
		if err == nil && enrolled && hasPassword {
			err = account.ErrEnrolled
		}
		return err
	})
	if err != nil {
		invitation = account.Link{}
	}
	return user, invitation, err
}

// invite makes an invitation in the caller's transaction, and mails it unless operators hand out the links themselves.
func (s *Service) invite(ctx context.Context, user storage.User, by audit.By, now time.Time) (account.Link, error) {
	invitation, err := s.cfg.Links.Invite(ctx, user, by.Event(audit.TicketIssued, user.ID), now)
	if err != nil || s.cfg.SignUp == account.SignUpClosed {
		return invitation, err
	}
	return invitation, s.cfg.Notices.Send(ctx, user, invitation.Notice(account.NoticeInvitation), now)
}
