package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// OpenDisowning returns the user and the time of the sign-in that a link can end. The link must have been sent to the user's current e-mail
// address.
//
// Errors: account.ErrLink.
func (s *Service) OpenDisowning(ctx context.Context, secret string, now time.Time) (storage.User, time.Time, error) {
	stored, user, err := s.cfg.Links.OpenMailed(ctx, storage.Hash(secret), storage.LinkDisown, now)
	return user, stored.CreatedAt.Time, err
}

// Disown ends a sign-in that was not the owner's, with the grants made in it, and marks the account's password as exposed: sign-ins
// completed from now on are held until a new password is chosen. It returns the secret of a reset link. If the session is not found,
// because it continues under another id or has ended, all sessions and grants of the account end.
//
// Errors: account.ErrLink.
func (s *Service) Disown(ctx context.Context, secret string, visitor account.Visitor, now time.Time) (reset string, err error) {
	hash := storage.Hash(secret)
	stored, user, err := s.cfg.Links.OpenMailed(ctx, hash, storage.LinkDisown, now)
	if errors.Is(err, account.ErrLink) {
		return "", s.cfg.Attempts.Refuse(ctx, err, visitor.Event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return "", err
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Links.Spend(ctx, hash, storage.LinkDisown, now); err != nil {
			return err
		}
		if _, err := s.cfg.Attempts.Expose(ctx, user, visitor, now); err != nil {
			return err
		}
		err := s.cfg.SignIns.End(ctx, user.ID, stored.SID, now)
		if errors.Is(err, storage.ErrNotFound) {
			_, err = s.cfg.SignIns.EndEverything(ctx, user.ID, now)
		}
		if err != nil {
			return err
		}
		if err := s.cfg.Audit.Record(ctx, visitor.Event(audit.SignInDisowned, user.ID), now); err != nil {
			return err
		}
		link, err := s.cfg.Links.Issue(ctx, storage.LinkReset, user.ID, user.Email, now)
		reset = link.Secret
		return err
	})
	if err != nil {
		return "", err
	}
	return reset, nil
}
