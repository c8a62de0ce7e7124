package arrive

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// AskReset mails a password reset link to the owner of a user name or e-mail address. The work and the result are the same whether or not
// there is an account, and whatever its state.
//
// Errors: *account.WaitError when too many messages were asked for from this client IP.
func (s *Service) AskReset(ctx context.Context, name string, visitor account.Visitor, now time.Time) error {
	name = identity.Name(name)
	login, err := s.cfg.Store.Passwords.ByLogin(ctx, name)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	user, who := login.User, s.cfg.Attempts.Name(storage.CanonicalName(name)) // always done, so that the work is the same
	if user.ID != "" {
		who = throttle.User(user.ID)
	}
	return s.cfg.Attempts.SendAsked(ctx, "reset", who, user, visitor, now, func(ctx context.Context) error {
		to, link, err := s.issueReset(ctx, user, name, now)
		if err != nil {
			return err
		}
		if err := s.cfg.Notices.Send(ctx, to, link.For(visitor).Notice(account.NoticePasswordReset), now); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, visitor.Event(audit.PasswordResetAsked, user.ID), now)
	})
}

// issueReset makes a reset link, which replaces an earlier one, for a user who may reset the password. For anybody else it does the same
// work by storing a sign-up that cannot be completed, because nobody learns its secret, and returns a user without an e-mail address.
func (s *Service) issueReset(ctx context.Context, user storage.User, name string, now time.Time) (to storage.User, link account.Link, err error) {
	if user.ID != "" && !user.Disabled() {
		link, err = s.cfg.Links.Issue(ctx, storage.LinkReset, user.ID, user.Email, now)
		return user, link, err
	}
	link, nobody := s.cfg.Links.New(storage.LinkReset, now), hex.EncodeToString(s.cfg.Store.MAC("reset of nobody", storage.CanonicalName(name)))
	return storage.User{Claims: user.Claims}, link, s.cfg.Store.SignUps.Add(ctx, storage.SignUp{
		Hash: link.Hash, Email: nobody, CreatedAt: storage.At(now), ExpiresAt: storage.At(link.ExpiresAt),
	})
}

// OpenReset returns the user whose password a reset link replaces. The link must have been sent to the user's current e-mail address.
// Errors: account.ErrLink.
func (s *Service) OpenReset(ctx context.Context, secret string, now time.Time) (storage.User, error) {
	_, user, err := s.cfg.Links.OpenMailed(ctx, storage.Hash(secret), storage.LinkReset, now)
	return user, err
}

// ResetPassword sets a new password through a mailed link and ends everything that was granted before. It signs nobody in and leaves the
// second factor unchanged, so the next sign-in asks for a code. It removes the mark that the password is exposed, and the waits caused by
// wrong passwords.
//
// Errors: account.ErrLink, *account.WeakPasswordError, account.ErrSamePassword, account.ErrBusy.
func (s *Service) ResetPassword(ctx context.Context, secret, typed string, visitor account.Visitor, now time.Time) error {
	hash := storage.Hash(secret)
	_, user, err := s.cfg.Links.OpenMailed(ctx, hash, storage.LinkReset, now)
	if errors.Is(err, account.ErrLink) {
		return s.cfg.Attempts.Refuse(ctx, err, visitor.Event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return err
	}
	if user.Exposed() {
		if err := s.cfg.Passwords.Differs(ctx, user, typed); err != nil {
			return err
		}
	}
	encoded, err := s.cfg.Passwords.Hash(ctx, typed, user)
	if err != nil {
		return err
	}
	return s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Attempts.ForgetPasswords(ctx, user.ID); err != nil {
			return err
		}
		if err := s.cfg.Links.Spend(ctx, hash, storage.LinkReset, now); err != nil {
			return err
		}
		fresh, err := s.cfg.Passwords.Replace(ctx, user.ID, encoded, now)
		if err != nil {
			return err
		}
		if fresh.Disabled() || fresh.Email != user.Email {
			return account.ErrLink
		}
		if err := s.cfg.Store.Sessions.EndOtherEpochs(ctx, fresh); err != nil {
			return err
		}
		if err := s.cfg.Audit.Record(ctx, visitor.Event(audit.PasswordReset, user.ID), now); err != nil {
			return err
		}
		return s.cfg.Notices.Send(ctx, fresh, account.Notice{Kind: account.NoticePasswordChanged}, now)
	})
}
