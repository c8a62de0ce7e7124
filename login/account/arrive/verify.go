package arrive

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// VerificationKind says what a link to the verification page is for.
type VerificationKind int

// The kinds of links.
const (
	VerifySignUp   VerificationKind = iota + 1 // to a new account: see [Service.CompleteSignUp]
	VerifyAddress                              // to the e-mail address of an account: see [Service.ConfirmAddress]
	VerifyNewEmail                             // to a new e-mail address of an account, which package self confirms
)

// Verification is what a link to the verification page leads to.
type Verification struct {
	Kind  VerificationKind
	Email string // that the link was mailed to
}

// OpenVerification returns what a link is for. It changes nothing. Errors: account.ErrLink; account.ErrSignedUp if the link has created an
// account and is an invitation now.
func (s *Service) OpenVerification(ctx context.Context, secret string, now time.Time) (Verification, error) {
	hash := storage.Hash(secret)
	asked, err := s.asked(ctx, hash, now)
	if err == nil {
		return Verification{Kind: VerifySignUp, Email: asked.Email}, nil
	}
	if !errors.Is(err, account.ErrLink) {
		return Verification{}, err
	}
	_, user, err := s.cfg.Links.OpenMailed(ctx, hash, storage.LinkVerify, now)
	if err == nil {
		return Verification{Kind: VerifyAddress, Email: user.Email}, nil
	}
	if !errors.Is(err, account.ErrLink) {
		return Verification{}, err
	}
	stored, _, err := s.cfg.Links.OpenEmailChange(ctx, hash, now)
	return Verification{Kind: VerifyNewEmail, Email: stored.Email}, err
}

// AskVerification mails a link that verifies the person's e-mail address.
//
// Errors: account.ErrVerified, *WaitError.
func (s *Service) AskVerification(ctx context.Context, signIn storage.SignIn, visitor account.Visitor, now time.Time) error {
	user := signIn.User()
	if user.EmailVerified {
		return account.ErrVerified
	}
	return s.cfg.Attempts.SendCounted(ctx, "verify", user, visitor, now, func(ctx context.Context) error {
		link, err := s.cfg.Links.Issue(ctx, storage.LinkVerify, user.ID, user.Email, now)
		if err != nil {
			return err
		}
		if err := s.cfg.Audit.Record(ctx, visitor.Event(audit.TicketIssued, user.ID), now); err != nil {
			return err
		}
		return s.cfg.Notices.Send(ctx, user, link.Notice(account.NoticeVerifyAddress), now)
	})
}

// ConfirmAddress marks the e-mail address of a link's user as verified. It does not require a session: the link proves that the person
// reads the mailbox, which is all that "verified" says. Errors: account.ErrLink.
func (s *Service) ConfirmAddress(ctx context.Context, secret string, visitor account.Visitor, now time.Time) error {
	hash := storage.Hash(secret)
	_, user, err := s.cfg.Links.OpenMailed(ctx, hash, storage.LinkVerify, now)
	if errors.Is(err, account.ErrLink) {
		return s.cfg.Attempts.Refuse(ctx, err, visitor.Event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return err
	}
	return s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Links.Spend(ctx, hash, storage.LinkVerify, now); err != nil {
			return err
		}
		err := s.cfg.Store.Users.VerifyEmail(ctx, user.ID, user.Email, now)
		if errors.Is(err, storage.ErrStale) { // the address has been changed since
			return account.ErrLink
		}
		if err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, visitor.Event(audit.EmailVerified, user.ID), now)
	})
}
