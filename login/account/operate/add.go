package operate

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Add creates an account and an invitation to it, and mails the link unless sign-up is closed.
//
// Errors: *identity.InvalidError, *account.WeakPasswordError, storage.ErrConflict when the e-mail address or user name is taken.
func (s *Service) Add(ctx context.Context, add identity.NewUser, by audit.By, now time.Time) (storage.User, account.Link, error) {
	user, err := add.Row(now)
	if err == nil && !add.AllowLookalike {
		err = errors.Join(identity.CheckLookalike("email", user.Email), identity.CheckLookalike("username", user.Username))
	}
	if err != nil {
		return storage.User{}, account.Link{}, err
	}
	encoded := ""
	if add.Password != "" {
		if encoded, err = s.cfg.Passwords.Hash(ctx, add.Password, user); err != nil {
			return storage.User{}, account.Link{}, err
		}
	}
	var invitation account.Link
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Store.Users.Add(ctx, user); err != nil {
			return err
		}
		if encoded != "" {
			if err := s.cfg.Store.Passwords.Set(ctx, user.ID, encoded, now); err != nil {
				return err
			}
		}
		if err := s.cfg.Audit.Record(ctx, by.Event(audit.UserAdded, user.ID), now); err != nil {
			return err
		}
		invitation, err = s.invite(ctx, user, by, now)
		return err
	})
	if err != nil {
		return storage.User{}, account.Link{}, err
	}
	return user, invitation, nil
}
