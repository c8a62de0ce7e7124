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
// followed; meanwhile no app is told that the address is verified. If another account has the new address, only its owner is told
// so: the work and the result are the same.
//
// Errors: *identity.InvalidError, account.ErrSameEmail; *account.WaitError when the mailbox or the person has got enough of these messages;
// account.ErrStartAgain when everything of the person was ended meanwhile.
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
	// Not the budget of sign-ups: strangers could use it up and so keep the owner of the new mailbox from changing to it.
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
	// Also for an address that is taken: nobody ever gets to know that secret.
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

// NewEmail returns the e-mail address that a person has asked for and not confirmed, and until when it can be confirmed. It is empty if the person
// has asked for none.
func (s *Service) NewEmail(ctx context.Context, user storage.User, now time.Time) (email string, until time.Time, err error) {
	return s.cfg.Links.NewEmail(ctx, user, now)
}

// CancelEmailChange gives the new e-mail address up; its link is not good any more. It is no error if there is no such address.
func (s *Service) CancelEmailChange(ctx context.Context, signIn storage.SignIn, visitor account.Visitor, now time.Time) error {
	user := signIn.User()
	return s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		// The link first, as in ConfirmEmailChange: two transactions that lock rows in different order wait for each other.
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

// ConfirmEmailChange makes a new e-mail address the account's, marks it as verified, tells the old address and ends everything that was granted. If
// session, the session cookie of the browser, belongs to the account, the session goes on under a new id, and done is not its zero value. Nobody has
// to be signed in.
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
	if errors.Is(err, storage.ErrStale) { // another person's browser, or nobody's
		return account.Done{}, s.cfg.Store.Sessions.EndOtherEpochs(ctx, fresh)
	}
	return done, err
}
