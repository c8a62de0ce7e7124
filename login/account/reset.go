package account

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// AskReset mails a link to a new password to the owner of a user name or e-mail address. Whether there is an account, and in which
// state, makes no difference to the work and the result.
//
// Errors: *WaitError when too much was asked for from this client address.
func (s *Service) AskReset(ctx context.Context, name string, visitor Visitor, now time.Time) error {
	name = typedName(name)
	login, err := s.store.Passwords.ByLogin(ctx, name)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	user, who := login.User, s.throttle.Name(storage.CanonicalName(name)) // for the same work, whether or not it is needed
	if user.ID != "" {
		who = throttle.User(user.ID)
	}
	return s.sendAsked(ctx, "reset", who, user, visitor, now, func(ctx context.Context) error {
		to, issued, err := s.issueReset(ctx, user, name, now)
		if err != nil {
			return err
		}
		if err := s.notices.Send(ctx, to, issued.back(visitor).notice(NoticePasswordReset), now); err != nil {
			return err
		}
		return s.audit.Record(ctx, visitor.event(audit.PasswordResetAsked, user.ID), now)
	})
}

// issueReset makes a link for a user who may have one, in place of an earlier one. For anybody else it does the same work on a
// registration of nobody, whose secret is not kept, and returns nobody as the one to write to.
func (s *Service) issueReset(ctx context.Context, user storage.User, name string, now time.Time) (storage.User, link, error) {
	if user.ID != "" && !user.Disabled() {
		issued, err := s.issue(ctx, storage.Link{Purpose: storage.LinkReset, UserID: user.ID, Email: user.Email}, resetPath, resetLife, now)
		return user, issued, err
	}
	issued, nobody := s.newLink(resetPath, resetLife, now), hex.EncodeToString(s.store.MAC("reset of nobody", storage.CanonicalName(name)))
	return storage.User{Claims: user.Claims}, issued, s.store.SignUps.Add(ctx, storage.SignUp{
		Hash: issued.hash, Email: nobody, CreatedAt: storage.At(now), ExpiresAt: storage.At(issued.expires),
	})
}

// OpenReset returns whose password a link replaces. Errors: ErrTicket.
func (s *Service) OpenReset(ctx context.Context, secret string, now time.Time) (storage.User, error) {
	return s.resetTicket(ctx, storage.Hash(secret), now)
}

// resetTicket takes no link that was sent to an address which is not the user's any more.
func (s *Service) resetTicket(ctx context.Context, hash []byte, now time.Time) (storage.User, error) {
	ticket, user, err := s.liveTicket(ctx, hash, storage.LinkReset, now)
	if err == nil && ticket.Email != user.Email {
		return storage.User{}, ErrTicket
	}
	return user, err
}

// ResetPassword sets a new password through a mailed link and ends whatever was granted before. Nobody is signed in by it, and
// the second factor stays as it is: the next sign-in asks for the code. A mark that somebody else has the password goes, and so do
// the waits that wrong passwords have caused.
//
// Errors: ErrTicket, *WeakPasswordError, ErrSamePassword, ErrBusy.
func (s *Service) ResetPassword(ctx context.Context, secret, typed string, visitor Visitor, now time.Time) error {
	hash := storage.Hash(secret)
	user, err := s.resetTicket(ctx, hash, now)
	if errors.Is(err, ErrTicket) {
		return s.refuse(ctx, err, visitor.event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return err
	}
	if user.Exposed() {
		if err := s.differs(ctx, user, typed); err != nil {
			return err
		}
	}
	encoded, err := s.hashNew(ctx, typed, user)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.throttle.ForgetPasswords(ctx, user.ID); err != nil {
			return err
		}
		if err := s.store.Links.Spend(ctx, hash, storage.LinkReset, now); err != nil {
			return ticketLost(err)
		}
		fresh, err := s.replacePassword(ctx, user.ID, encoded, now)
		if err != nil {
			return err
		}
		if fresh.Disabled() || fresh.Email != user.Email {
			return ErrTicket
		}
		if err := s.store.Sessions.EndOtherEpochs(ctx, fresh); err != nil {
			return err
		}
		if err := s.audit.Record(ctx, visitor.event(audit.PasswordReset, user.ID), now); err != nil {
			return err
		}
		return s.notices.Send(ctx, fresh, Notice{Kind: NoticePasswordChanged}, now)
	})
}

// differs returns ErrSamePassword when a user has the typed password already.
func (s *Service) differs(ctx context.Context, user storage.User, typed string) error {
	login, err := s.store.Passwords.ByLogin(ctx, user.Email)
	if err != nil {
		return err
	}
	same, _, err := s.checkPassword(ctx, login, typed)
	if err == nil && same {
		return ErrSamePassword
	}
	return err
}
