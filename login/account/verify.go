package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// VerificationKind is what a link to the verification page is for.
type VerificationKind int

const (
	VerifyRegistration VerificationKind = iota + 1 // an account that is to be made: CompleteRegistration
	VerifyAddress                                  // the address of an account: ConfirmAddress
	VerifyNewEmail                                 // an address that is to become the account's: ConfirmEmailChange
)

// Verification is what a link to the verification page leads to.
type Verification struct {
	Kind  VerificationKind
	Email string // that the link was mailed to
}

// OpenVerification returns what a link is for, and changes nothing. Errors: ErrTicket; ErrRegistered when it made an account
// and is an invitation now.
func (s *Service) OpenVerification(ctx context.Context, secret string, now time.Time) (Verification, error) {
	hash := storage.Hash(secret)
	asked, err := s.registration(ctx, hash, now)
	if err == nil {
		return Verification{Kind: VerifyRegistration, Email: asked.Email}, nil
	}
	if !errors.Is(err, ErrTicket) {
		return Verification{}, err
	}
	user, err := s.addressTicket(ctx, hash, now)
	if err == nil {
		return Verification{Kind: VerifyAddress, Email: user.Email}, nil
	}
	if !errors.Is(err, ErrTicket) {
		return Verification{}, err
	}
	ticket, _, err := s.emailTicket(ctx, hash, now)
	return Verification{Kind: VerifyNewEmail, Email: ticket.Email}, err
}

// addressTicket returns whose address a link proves, or ErrTicket.
func (s *Service) addressTicket(ctx context.Context, hash []byte, now time.Time) (storage.User, error) {
	ticket, user, err := s.liveTicket(ctx, hash, storage.LinkVerify, now)
	if err == nil && ticket.Email != user.Email {
		return storage.User{}, ErrTicket
	}
	return user, err
}

// AskVerification mails the owner of an address that is not verified a link that verifies it.
//
// Errors: ErrVerified, *WaitError.
func (s *Service) AskVerification(ctx context.Context, signIn storage.SignIn, visitor Visitor, now time.Time) error {
	user := signIn.User()
	if user.EmailVerified {
		return ErrVerified
	}
	return s.sendCounted(ctx, "verify", user, visitor, now, func(ctx context.Context) error {
		issued, err := s.issue(ctx, storage.Link{Purpose: storage.LinkVerify, UserID: user.ID, Email: user.Email}, verifyPath, verifyLife, now)
		if err != nil {
			return err
		}
		if err := s.audit.Record(ctx, visitor.event(audit.TicketIssued, user.ID), now); err != nil {
			return err
		}
		return s.notices.Send(ctx, user, issued.notice(NoticeVerifyAddress), now)
	})
}

// ConfirmAddress notes that an address is the person's. Nobody has to be signed in: the link proves the mailbox, and no more is
// claimed. Errors: ErrTicket.
func (s *Service) ConfirmAddress(ctx context.Context, secret string, visitor Visitor, now time.Time) error {
	hash := storage.Hash(secret)
	user, err := s.addressTicket(ctx, hash, now)
	if errors.Is(err, ErrTicket) {
		return s.refuse(ctx, err, visitor.event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Links.Spend(ctx, hash, storage.LinkVerify, now); err != nil {
			return ticketLost(err)
		}
		err := s.store.Users.VerifyEmail(ctx, user.ID, user.Email, now)
		if errors.Is(err, storage.ErrStale) { // it has been changed since
			return ErrTicket
		}
		if err != nil {
			return err
		}
		return s.audit.Record(ctx, visitor.event(audit.EmailVerified, user.ID), now)
	})
}
