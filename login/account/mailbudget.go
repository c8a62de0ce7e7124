package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// sendCounted has file send a message for one purpose to a person who asked for it, within the person's budget and in the same transaction:
// what an outage prevents is not counted. Errors: *WaitError, which is recorded.
func (s *Service) sendCounted(ctx context.Context, purpose string, user storage.User, visitor Visitor, now time.Time, file func(context.Context) error) error {
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.throttle.Mail(ctx, purpose, throttle.User(user.ID), now); err != nil {
			return err
		}
		return file(ctx)
	})
	if wait := (*WaitError)(nil); errors.As(err, &wait) {
		return s.turnAway(ctx, wait, visitor.event(audit.MailThrottled, user.ID), now)
	}
	return err
}

// sendAsked is sendCounted for somebody who is not signed in, and counts with the visitor as well: a browser that signed in before by itself,
// others by their address. That a mailbox has got enough is recorded and not told.
func (s *Service) sendAsked(ctx context.Context, purpose string, who throttle.Subject, owner storage.User, visitor Visitor, now time.Time, file func(context.Context) error) error {
	var full, wait *WaitError
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		full = nil
		if err := s.throttle.Ask(ctx, s.subject(visitor, owner, now), visitor.Address, now); err != nil {
			return err
		}
		err := s.throttle.Mail(ctx, purpose, who, now)
		if errors.As(err, &full) {
			return nil // what was asked for counts with the visitor
		}
		if err != nil {
			return err
		}
		return file(ctx)
	})
	event := visitor.event(audit.MailThrottled, owner.ID)
	switch {
	case errors.As(err, &wait):
		return s.turnAway(ctx, wait, event, now)
	case err == nil && full != nil:
		if err := s.turnAway(ctx, full, event, now); !errors.Is(err, full) {
			return err
		}
	}
	return err
}
