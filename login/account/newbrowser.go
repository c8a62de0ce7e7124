package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// mayAnnounce reports whether the owner is to be told of a sign-in, because it happens in a browser that this person never used. Nobody is
// told of the first sign-in of an imported account, nor more often than three times an hour.
func (s *Service) mayAnnounce(ctx context.Context, half storage.HalfSignIn, visitor Visitor, now time.Time) (bool, error) {
	if !s.cfg.TellNewBrowsers || !signedInBefore(half.Authenticators) {
		return false, nil
	}
	// Also a cookie from before everything was ended, by a new password for instance, says that the person has used the browser.
	if d, _ := s.openDevice(visitor.Device, half.User, now); d.UserID == half.User.ID {
		return false, nil
	}
	err := s.throttle.Mail(ctx, "new browser", throttle.User(half.User.ID), now)
	if wait := (*WaitError)(nil); errors.As(err, &wait) {
		return false, nil
	}
	return err == nil, err
}

// signedInBefore reports whether a code of one of the authenticators was ever accepted here: at an enrolment or a sign-in.
func signedInBefore(authenticators []storage.Authenticator) bool {
	for _, a := range authenticators {
		if a.LastStep > 0 {
			return true
		}
	}
	return false
}

// announce tells the owner of a sign-in in a new browser, in the caller's transaction, with a link for when it was somebody else.
func (s *Service) announce(ctx context.Context, user storage.User, sid string, visitor Visitor, now time.Time) error {
	issued := s.newLink(disownPath, disownLife, now)
	err := s.store.Links.AddForSession(ctx, storage.Link{
		Hash: issued.hash, Purpose: storage.LinkDisown, UserID: user.ID, Email: user.Email, SID: sid,
		CreatedAt: storage.At(now), ExpiresAt: storage.At(issued.expires),
	})
	if err != nil {
		return err
	}
	notice := issued.notice(NoticeNewBrowser)
	notice.Browser = visitor.Browser
	if visitor.Address.IsValid() {
		notice.Network = audit.ShortAddress(visitor.Address.String())
	}
	return s.notices.Send(ctx, user, notice, now)
}

// OpenDisowning returns whose sign-in a link ends, and when that was. Errors: ErrTicket.
func (s *Service) OpenDisowning(ctx context.Context, secret string, now time.Time) (storage.User, time.Time, error) {
	ticket, user, err := s.disownTicket(ctx, storage.Hash(secret), now)
	return user, ticket.CreatedAt.Time, err
}

// disownTicket takes no link that was sent to an address which is not the user's any more.
func (s *Service) disownTicket(ctx context.Context, hash []byte, now time.Time) (storage.Link, storage.User, error) {
	ticket, user, err := s.liveTicket(ctx, hash, storage.LinkDisown, now)
	if err == nil && ticket.Email != user.Email {
		return storage.Link{}, storage.User{}, ErrTicket
	}
	return ticket, user, err
}

// Disown ends a sign-in that was somebody else's, with what apps were given in it, and marks the account: what is completed from now on is
// held until a new password is chosen. It returns the secret of a link to one. Where the session is not to be found, because it goes on under
// another id or has ended, everything of the account ends.
//
// Errors: ErrTicket.
func (s *Service) Disown(ctx context.Context, secret string, visitor Visitor, now time.Time) (reset string, err error) {
	hash := storage.Hash(secret)
	ticket, user, err := s.disownTicket(ctx, hash, now)
	if errors.Is(err, ErrTicket) {
		return "", s.refuse(ctx, err, visitor.event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return "", err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Links.Spend(ctx, hash, storage.LinkDisown, now); err != nil {
			return ticketLost(err)
		}
		if _, err := s.expose(ctx, user, visitor, now); err != nil {
			return err
		}
		err := s.endSession(ctx, user.ID, ticket.SID, now)
		if errors.Is(err, storage.ErrNotFound) {
			_, err = s.endEverything(ctx, user.ID, now)
		}
		if err != nil {
			return err
		}
		if err := s.audit.Record(ctx, visitor.event(audit.SignInDisowned, user.ID), now); err != nil {
			return err
		}
		issued, err := s.issue(ctx, storage.Link{Purpose: storage.LinkReset, UserID: user.ID, Email: user.Email}, resetPath, resetLife, now)
		reset = issued.secret
		return err
	})
	if err != nil {
		return "", err
	}
	return reset, nil
}
