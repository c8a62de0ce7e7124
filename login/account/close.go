package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// ErrLastAdmin: without this account nobody could administer the others.
var ErrLastAdmin = errors.New("the last administrator cannot close the account")

// Close removes a person's account and all that hangs on it, and tells them. Errors: ErrLastAdmin; storage.ErrNotFound when it is gone already.
func (s *Service) Close(ctx context.Context, who Fresh, visitor Visitor, now time.Time) error {
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		user, err := s.store.Users.ByID(ctx, who.User().ID)
		if err != nil {
			return err
		}
		if err := s.throttle.Unlock(ctx, user.ID); err != nil {
			return err
		}
		if err := s.store.Users.DeleteUnlessLastAdmin(ctx, user.ID); err != nil {
			return err
		}
		if err := s.audit.Record(ctx, visitor.event(audit.UserDeleted, user.ID), now); err != nil {
			return err
		}
		return s.notices.Send(ctx, user, Notice{Kind: NoticeAccountClosed}, now)
	})
	if errors.Is(err, storage.ErrStale) {
		return ErrLastAdmin
	}
	return err
}
