package arrive

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// OpenInvitation returns the user that an invitation link is for. Errors: account.ErrLink; account.ErrEnrolled if the account is already
// set up.
func (s *Service) OpenInvitation(ctx context.Context, secret string, now time.Time) (storage.User, error) {
	user, _, err := s.invited(ctx, storage.Hash(secret), now)
	return user, err
}

// invited returns the user of a valid invitation, and whether that user has an authenticator but no password yet.
func (s *Service) invited(ctx context.Context, hash []byte, now time.Time) (user storage.User, enrolled bool, err error) {
	stored, err := s.cfg.Links.Find(ctx, hash, storage.LinkEnrol, now)
	if err != nil {
		return storage.User{}, false, err
	}
	if user, err = s.cfg.Store.Users.ByID(ctx, stored.UserID); err != nil {
		return storage.User{}, false, err
	}
	enrolled, hasPassword, err := account.Credentials(ctx, s.cfg.Store, user)
	switch {
	case err != nil:
		return storage.User{}, false, err
	case user.Disabled():
		return storage.User{}, false, account.ErrLink
	case enrolled && hasPassword:
		return storage.User{}, false, account.ErrEnrolled
	}
	return user, enrolled, nil
}

// InvitedPassword is what the pages of an invitation and of a sign-up link send.
type InvitedPassword struct {
	Secret   string // secret of the link
	Password string
	Browser  string // secret that identifies the browser
	Visitor  account.Visitor
}

// SetInvitedPassword sets the password of the invited person and begins a half-done sign-in that may enrol an authenticator. The link stays
// valid until the enrolment is complete, so that the person can leave and come back. Sign-ins and enrolments of the account that began
// earlier have to start again.
//
// Errors: account.ErrLink, account.ErrEnrolled, *account.WeakPasswordError, account.ErrBusy.
func (s *Service) SetInvitedPassword(ctx context.Context, set InvitedPassword, now time.Time) (account.HalfCookie, error) {
	hash := storage.Hash(set.Secret)
	user, enrolled, err := s.invited(ctx, hash, now)
	if errors.Is(err, account.ErrLink) {
		return account.HalfCookie{}, s.cfg.Attempts.Refuse(ctx, err, set.Visitor.Event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return account.HalfCookie{}, err
	}
	encoded, err := s.cfg.Passwords.Hash(ctx, set.Password, user)
	if err != nil {
		return account.HalfCookie{}, err
	}
	var half account.HalfCookie
	begin := account.Beginning{Browser: set.Browser, LinkHash: hash, Invited: true, Visitor: set.Visitor}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		// The user's row is locked before the link is read: a concurrent request that uses the link up has either changed the row already
		// or waits for it.
		if begin.User, err = s.cfg.Passwords.Replace(ctx, user.ID, encoded, now); err != nil {
			return err
		}
		if begin.User.Disabled() {
			return account.ErrLink
		}
		if enrolled { // the link has no further use
			begin.LinkHash = nil
			if err := s.cfg.Links.Spend(ctx, hash, storage.LinkEnrol, now); err != nil {
				return err
			}
		} else if _, err := s.cfg.Links.Find(ctx, hash, storage.LinkEnrol, now); err != nil {
			return err
		}
		if err := s.cfg.Audit.Record(ctx, set.Visitor.Event(audit.PasswordSet, user.ID), now); err != nil {
			return err
		}
		half, err = s.cfg.SignIns.Begin(ctx, begin, now)
		return err
	})
	return half, err
}

// linkLost returns account.ErrLink for a sign-up link that another request has used, and any other error unchanged.
func linkLost(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return account.ErrLink
	}
	return err
}
