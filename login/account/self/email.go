package self

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// AskEmailChange mails a link to a new e-mail address and tells the old address. The account keeps the old address until the link is
// followed; meanwhile no app is told that it is verified. If another account has the new address, only the owner of that account is
// told; the work and the result are the same.
//
// Errors: *identity.InvalidError, account.ErrSameEmail; *account.WaitError if the budget of the mailbox or of the person is used up;
// account.ErrStartAgain if everything granted to the person was ended meanwhile.
func (s *Service) AskEmailChange(ctx context.Context, fresh Fresh, email string, visitor account.Visitor, now time.Time) error {
	user := fresh.User()
	email = identity.Email(email)
	if err := errors.Join(identity.CheckEmail(email), identity.CheckLookalike("email", email)); err != nil {
		return err
	}
	if email == user.Email {
		return account.ErrSameEmail
	}
	owner, err := s.cfg.Store.Users.Find(ctx, email)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	// This is not the budget of sign-ups, because strangers could use that up and so keep the owner of the new mailbox from changing to it.
	mailbox := s.cfg.Attempts.Mailbox(storage.CanonicalName(email))
	err = s.cfg.Attempts.SendCounted(ctx, "email", user, visitor, now, func(ctx context.Context) error {
		if err := s.cfg.Attempts.Mail(ctx, "new address", mailbox, now); err != nil {
			return err
		}
		return s.announceEmail(ctx, user, owner, email, visitor, now)
	})
	if errors.Is(err, storage.ErrStale) {
		return account.ErrStartAgain
	}
	return err
}

func (s *Service) announceEmail(ctx context.Context, user, owner storage.User, email string, visitor account.Visitor, now time.Time) error {
	// This is done for an address that is taken, too; its secret is never sent to anybody.
	link, err := s.cfg.Links.Issue(ctx, storage.LinkEmail, user.ID, email, now)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.Users.BeginEmailChange(ctx, user, link.ExpiresAt); err != nil {
		return err
	}
	to, notice := user, link.Notice(account.NoticeEmailConfirm)
	to.Email = email
	if owner.ID != "" && owner.ID != user.ID {
		to, notice = owner, account.Notice{Kind: account.NoticeAddressTaken}
	}
	if err := s.cfg.Notices.Send(ctx, to, notice, now); err != nil {
		return err
	}
	if err := s.cfg.Notices.Send(ctx, user, account.Notice{Kind: account.NoticeEmailAnnounced, Email: email}, now); err != nil {
		return err
	}
	return s.cfg.Audit.Record(ctx, visitor.Event(audit.EmailChangeAsked, user.ID), now)
}

// NewEmail returns the new e-mail address that a person has asked for and not yet confirmed, and when its link expires. The address is
// empty if there is no such change.
func (s *Service) NewEmail(ctx context.Context, user storage.User, now time.Time) (email string, until time.Time, err error) {
	return s.cfg.Links.NewEmail(ctx, user, now)
}

// CancelEmailChange cancels the change to a new e-mail address and makes its link void. It is not an error if there is no such change.
func (s *Service) CancelEmailChange(ctx context.Context, signIn storage.SignIn, visitor account.Visitor, now time.Time) error {
	user := signIn.User()
	return s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		// The link is locked first, as in ConfirmEmailChange: transactions that lock rows in different orders could deadlock.
		if err := s.cfg.Store.Links.Delete(ctx, user.ID, storage.LinkEmail); err != nil {
			return err
		}
		err := s.cfg.Store.Users.EndEmailChange(ctx, user.ID)
		if errors.Is(err, storage.ErrStale) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, visitor.Event(audit.EmailChangeCancelled, user.ID), now)
	})
}

// ConfirmEmailChange gives the account its new e-mail address, marks it as verified, tells the old address and ends all sessions and
// grants. If session, the session cookie of the browser, belongs to the account, that session continues under a new id, and done is not the
// zero value. It does not require a session.
//
// Errors: account.ErrLink, account.ErrTaken.
func (s *Service) ConfirmEmailChange(ctx context.Context, secret, session string, visitor account.Visitor, now time.Time) (done account.Done, err error) {
	hash := storage.Hash(secret)
	stored, user, err := s.cfg.Links.OpenEmailChange(ctx, hash, now)
	if errors.Is(err, account.ErrLink) {
		return account.Done{}, s.cfg.Attempts.Refuse(ctx, err, visitor.Event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return account.Done{}, err
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Links.Spend(ctx, hash, storage.LinkEmail, now); err != nil {
			return err
		}
		if err := s.cfg.Store.Users.ChangeEmail(ctx, user.ID, stored.Email, now); err != nil {
			return err
		}
		done, err = s.afterEmailChange(ctx, user, session, visitor, now)
		return err
	})
	switch {
	case errors.Is(err, storage.ErrConflict):
		return account.Done{}, account.ErrTaken
	case errors.Is(err, storage.ErrStale):
		return account.Done{}, account.ErrLink
	}
	return done, err
}

func (s *Service) afterEmailChange(ctx context.Context, was storage.User, session string, visitor account.Visitor, now time.Time) (account.Done, error) {
	fresh, err := s.cfg.Store.Users.ByID(ctx, was.ID)
	if err != nil {
		return account.Done{}, err
	}
	if err := s.cfg.Notices.Send(ctx, was, account.Notice{Kind: account.NoticeEmailChanged, Email: fresh.Email}, now); err != nil {
		return account.Done{}, err
	}
	if err := s.cfg.Audit.Record(ctx, visitor.Event(audit.EmailChanged, was.ID), now); err != nil {
		return account.Done{}, err
	}
	done, err := s.cfg.SignIns.Renew(ctx, account.Renewal{
		Session: session, Was: was, Fresh: fresh, Event: visitor.Event(audit.SessionsEnded, was.ID), Visitor: visitor,
	}, now)
	if errors.Is(err, storage.ErrStale) { // nobody, or another person, is signed in in this browser
		return account.Done{}, s.cfg.Store.Sessions.EndOtherEpochs(ctx, fresh)
	}
	return done, err
}
