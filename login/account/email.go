package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// AskEmailChange mails a link to a new address and tells the old one. The account keeps the old address until the link is
// followed; meanwhile no app is told that the address is verified. If another account has the new address, its mailbox is told
// so and nobody else: the work and the result are the same.
//
// Errors: *InvalidError, ErrSameEmail; *WaitError when the mailbox or the person has got enough of these messages; ErrStartAgain when everything
// of the person was ended meanwhile.
func (s *Service) AskEmailChange(ctx context.Context, fresh Fresh, email string, visitor Visitor, now time.Time) error {
	user := fresh.User()
	email = typedEmail(email)
	if err := errors.Join(checkEmail(email), checkLookalike("email", email)); err != nil {
		return err
	}
	if email == user.Email {
		return ErrSameEmail
	}
	owner, err := s.store.Users.Find(ctx, email)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	// Not the budget of registrations: strangers could use it up, and keep the owner of the new mailbox from having it.
	mailbox := s.throttle.Mailbox(storage.CanonicalName(email))
	err = s.sendCounted(ctx, "email", user, visitor, now, func(ctx context.Context) error {
		if err := s.throttle.Mail(ctx, "new address", mailbox, now); err != nil {
			return err
		}
		return s.announceEmail(ctx, user, owner, email, visitor, now)
	})
	if errors.Is(err, storage.ErrStale) {
		return ErrStartAgain
	}
	return err
}

func (s *Service) announceEmail(ctx context.Context, user, owner storage.User, email string, visitor Visitor, now time.Time) error {
	// For an address that is taken too: nobody ever gets to know that secret.
	issued, err := s.issue(ctx, storage.Link{Purpose: storage.LinkEmail, UserID: user.ID, Email: email}, verifyPath, verifyLife, now)
	if err != nil {
		return err
	}
	if err := s.store.Users.BeginEmailChange(ctx, user, issued.expires); err != nil {
		return err
	}
	to, notice := user, issued.notice(NoticeEmailConfirm)
	to.Email = email
	if owner.ID != "" && owner.ID != user.ID {
		to, notice = owner, Notice{Kind: NoticeAddressTaken}
	}
	if err := s.notices.Send(ctx, to, notice, now); err != nil {
		return err
	}
	if err := s.notices.Send(ctx, user, Notice{Kind: NoticeEmailAnnounced, Address: email}, now); err != nil {
		return err
	}
	return s.audit.Record(ctx, visitor.event(audit.EmailChangeAsked, user.ID), now)
}

// NewEmail returns the address that waits to be confirmed as a user's, and until when; empty when none does.
func (s *Service) NewEmail(ctx context.Context, user storage.User, now time.Time) (email string, until time.Time, err error) {
	if !user.EmailChanging(now) {
		return "", time.Time{}, nil
	}
	ticket, err := s.store.Links.OfUser(ctx, user.ID, storage.LinkEmail)
	if errors.Is(err, storage.ErrNotFound) {
		return "", time.Time{}, nil
	}
	return ticket.Email, user.EmailChangeUntil.Time, err
}

// CancelEmailChange gives the new address up; its link is worth nothing any more. That none waits is no error.
func (s *Service) CancelEmailChange(ctx context.Context, signIn storage.SignIn, visitor Visitor, now time.Time) error {
	user := signIn.User()
	return s.store.InTx(ctx, func(ctx context.Context) error {
		// The ticket first, as in ConfirmEmailChange: two that take rows in different order wait for each other.
		if err := s.store.Links.Delete(ctx, user.ID, storage.LinkEmail); err != nil {
			return err
		}
		err := s.store.Users.EndEmailChange(ctx, user.ID)
		if errors.Is(err, storage.ErrStale) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.audit.Record(ctx, visitor.event(audit.EmailChangeCancelled, user.ID), now)
	})
}

// emailTicket returns the ticket of a new address that still waits, and its user, or ErrTicket.
func (s *Service) emailTicket(ctx context.Context, hash []byte, now time.Time) (storage.Link, storage.User, error) {
	ticket, user, err := s.liveTicket(ctx, hash, storage.LinkEmail, now)
	if err == nil && !user.EmailChanging(now) {
		return storage.Link{}, storage.User{}, ErrTicket
	}
	return ticket, user, err
}

// ConfirmEmailChange makes a new address the account's, verified, tells the old one and ends everything that was granted. If session,
// the session cookie of the browser, is one of the account, it goes on under a new id: then done is not its zero value. Nobody has
// to be signed in.
//
// Errors: ErrTicket, ErrTaken.
func (s *Service) ConfirmEmailChange(ctx context.Context, secret, session string, visitor Visitor, now time.Time) (done Done, err error) {
	hash := storage.Hash(secret)
	ticket, user, err := s.emailTicket(ctx, hash, now)
	if errors.Is(err, ErrTicket) {
		return Done{}, s.refuse(ctx, err, visitor.event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return Done{}, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Links.Spend(ctx, hash, storage.LinkEmail, now); err != nil {
			return ticketLost(err)
		}
		if err := s.store.Users.ChangeEmail(ctx, user.ID, ticket.Email, now); err != nil {
			return err
		}
		done, err = s.afterEmailChange(ctx, user, session, visitor, now)
		return err
	})
	switch {
	case errors.Is(err, storage.ErrConflict):
		return Done{}, ErrTaken
	case errors.Is(err, storage.ErrStale):
		return Done{}, ErrTicket
	}
	return done, err
}

func (s *Service) afterEmailChange(ctx context.Context, was storage.User, session string, visitor Visitor, now time.Time) (Done, error) {
	fresh, err := s.store.Users.ByID(ctx, was.ID)
	if err != nil {
		return Done{}, err
	}
	if err := s.notices.Send(ctx, was, Notice{Kind: NoticeEmailChanged, Address: fresh.Email}, now); err != nil {
		return Done{}, err
	}
	if err := s.audit.Record(ctx, visitor.event(audit.EmailChanged, was.ID), now); err != nil {
		return Done{}, err
	}
	event := visitor.event(audit.SessionsEnded, was.ID)
	done, err := s.goOn(ctx, session, was, fresh, visitor, event, now)
	if errors.Is(err, storage.ErrStale) { // another person's browser, or nobody's
		return Done{}, s.store.Sessions.EndOtherEpochs(ctx, fresh)
	}
	return done, err
}
