package account

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Attempts is the [throttle.Guard] and acts on its verdicts: it records refusals and warns the owner of the account.
type Attempts struct {
	*throttle.Guard
	store    *storage.Store
	audit    *audit.Log
	notices  Notices
	browsers *Browsers
}

// Subject returns the subject to which a failed attempt at a user's account is counted.
func (a *Attempts) Subject(visitor Visitor, user storage.User, now time.Time) throttle.Subject {
	if t, known := a.browsers.open(visitor.TrustCookie, user, now); known {
		return throttle.Browser(t.ID)
	}
	return throttle.User(user.ID)
}

// Refuse records a refusal and returns it. If it cannot be recorded, that error is returned instead.
func (a *Attempts) Refuse(ctx context.Context, refusal error, event audit.Event, now time.Time) error {
	if err := a.audit.Record(ctx, event, now); err != nil {
		return err
	}
	return refusal
}

// TurnAway records an attempt that was refused unchecked because of a wait, unless a similar one was recorded less than a minute ago, and
// returns the wait. It writes in one transaction, so that entries are suppressed only after one has been recorded.
func (a *Attempts) TurnAway(ctx context.Context, wait *WaitError, event audit.Event, now time.Time) error {
	err := a.store.InTx(ctx, func(ctx context.Context) error {
		due, more, err := a.RecordDue(ctx, wait, now)
		if err != nil || !due {
			return err
		}
		delete(event.Detail, "more")
		if more > 0 {
			event.Detail["more"] = strconv.Itoa(more)
		}
		return a.audit.Record(ctx, event, now)
	})
	if err != nil {
		return err
	}
	return wait
}

// CodeError returns err. If err is a [*WaitError], it first records the attempt as [Attempts.TurnAway] does.
func (a *Attempts) CodeError(ctx context.Context, err error, user storage.User, visitor Visitor, now time.Time) error {
	wait := (*WaitError)(nil)
	if !errors.As(err, &wait) {
		return err
	}
	return a.TurnAway(ctx, wait, visitor.Event(audit.CodeThrottled, user.ID), now)
}

// Warn is called after a wrong code that followed the right password, and acts once there are enough of them for a wait. In an unknown
// browser they mean that somebody else has the password: the owner is told once, and the account is marked until a new password is chosen.
// In a trusted browser they probably come from the owner, who is only told. The owner is also told when the factor is closed.
func (a *Attempts) Warn(ctx context.Context, user storage.User, failures int, visitor Visitor, now time.Time) error {
	closed := a.Closes(failures)
	known := a.browsers.Trusts(visitor, user, now)
	exposes := !known && failures >= a.CodeTries() && !user.Exposed()
	tell := known && failures == a.CodeTries()
	if !closed && !exposes && !tell {
		return nil
	}
	return a.store.InTx(ctx, func(ctx context.Context) (err error) {
		exposed := false
		if exposes {
			if exposed, err = a.Expose(ctx, user, visitor, now); err != nil {
				return err
			}
		}
		if closed {
			if err := a.audit.Record(ctx, visitor.Event(audit.FactorClosed, user.ID), now); err != nil {
				return err
			}
			return a.notices.Send(ctx, user, Notice{Kind: NoticeFactorClosed, Count: failures}, now)
		}
		if !exposed && !tell {
			return nil
		}
		return a.notices.Send(ctx, user, Notice{Kind: NoticeExposed, Count: failures}, now)
	})
}

// Expose marks the password of an account as exposed: somebody else has it. marked is false if another request has marked it already, or
// the password has been changed meanwhile.
func (a *Attempts) Expose(ctx context.Context, user storage.User, visitor Visitor, now time.Time) (marked bool, err error) {
	err = a.store.Passwords.MarkExposed(ctx, user.ID, user.Epoch, now)
	if errors.Is(err, storage.ErrStale) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, a.audit.Record(ctx, visitor.Event(audit.PasswordExposed, user.ID), now)
}

// SendCounted runs send, which queues a message for a purpose to the user who asked for it, if the user's budget allows it. Both are one
// transaction, so that a message that an outage prevents is not counted. Errors: *WaitError, after recording it.
func (a *Attempts) SendCounted(
	ctx context.Context, purpose string, user storage.User, visitor Visitor, now time.Time, send func(context.Context) error,
) error {
	err := a.store.InTx(ctx, func(ctx context.Context) error {
		if err := a.Mail(ctx, purpose, throttle.User(user.ID), now); err != nil {
			return err
		}
		return send(ctx)
	})
	if wait := (*WaitError)(nil); errors.As(err, &wait) {
		return a.TurnAway(ctx, wait, visitor.Event(audit.MailThrottled, user.ID), now)
	}
	return err
}

// SendAsked is [Attempts.SendCounted] for a visitor who is not signed in. It also counts against the visitor: a trusted browser has its own
// budget, other browsers share that of their client IP. If the budget of the mailbox is used up, that is recorded, but is not an error. who
// is the mailbox or user to which the message is counted; owner is the user of the mailbox, or the zero User.
func (a *Attempts) SendAsked(
	ctx context.Context, purpose string, who throttle.Subject, owner storage.User, visitor Visitor, now time.Time, send func(context.Context) error,
) error {
	var full, wait *WaitError
	err := a.store.InTx(ctx, func(ctx context.Context) error {
		full = nil
		if err := a.Ask(ctx, a.Subject(visitor, owner, now), visitor.ClientIP, now); err != nil {
			return err
		}
		err := a.Mail(ctx, purpose, who, now)
		if errors.As(err, &full) {
			return nil // the request still counts against the visitor
		}
		if err != nil {
			return err
		}
		return send(ctx)
	})
	event := visitor.Event(audit.MailThrottled, owner.ID)
	switch {
	case errors.As(err, &wait):
		return a.TurnAway(ctx, wait, event, now)
	case err == nil && full != nil:
		if err := a.TurnAway(ctx, full, event, now); !errors.Is(err, full) {
			return err
		}
	}
	return err
}
