package self

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// ErrLastAdmin: the account cannot be closed, because it is the only administrator.
var ErrLastAdmin = errors.New("the last administrator cannot close the account")

// Close removes a person's account with everything that belongs to it, and tells the person. Errors: ErrLastAdmin; storage.ErrNotFound if
// there is no such account any more.
func (s *Service) Close(ctx context.Context, who Fresh, visitor account.Visitor, now time.Time) error {
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		user, err := s.cfg.Store.Users.ByID(ctx, who.User().ID)
		if err != nil {
			return err
		}
		if err := s.cfg.Attempts.Unlock(ctx, user.ID); err != nil {
			return err
		}
		if err := s.cfg.Store.Users.DeleteUnlessLastAdmin(ctx, user.ID); err != nil {
			return err
		}
		if err := s.cfg.Audit.Record(ctx, visitor.Event(audit.UserDeleted, user.ID), now); err != nil {
			return err
		}
		return s.cfg.Notices.Send(ctx, user, account.Notice{Kind: account.NoticeAccountClosed}, now)
	})
	if errors.Is(err, storage.ErrStale) {
		return ErrLastAdmin
	}
	return err
}
