package signin

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// mayAnnounce reports whether to tell the owner of a sign-in, because this person has never used the browser before. It is false for the
// first sign-in of an imported account, and after three messages within an hour.
func (s *Service) mayAnnounce(ctx context.Context, half storage.HalfSignIn, visitor account.Visitor, now time.Time) (bool, error) {
	if !s.cfg.TellNewBrowsers || !signedInBefore(half.Authenticators) || s.cfg.Browsers.UsedBy(visitor, half.User, now) {
		return false, nil
	}
	err := s.cfg.Attempts.Mail(ctx, "new browser", throttle.User(half.User.ID), now)
	if wait := (*account.WaitError)(nil); errors.As(err, &wait) {
		return false, nil
	}
	return err == nil, err
}

// signedInBefore reports whether a code of one of the authenticators was ever accepted here, at an enrolment or a sign-in.
func signedInBefore(authenticators []storage.Authenticator) bool {
	for _, a := range authenticators {
		if a.LastStep > 0 {
			return true
		}
	}
	return false
}

// announce tells the owner of a sign-in in a new browser, in the caller's transaction, with a link to end it if it was somebody else's.
func (s *Service) announce(ctx context.Context, user storage.User, sid string, visitor account.Visitor, now time.Time) error {
	link := s.cfg.Links.New(storage.LinkDisown, now)
	err := s.cfg.Store.Links.AddForSession(ctx, storage.Link{
		Hash: link.Hash, Purpose: storage.LinkDisown, UserID: user.ID, Email: user.Email, SID: sid,
		CreatedAt: storage.At(now), ExpiresAt: storage.At(link.ExpiresAt),
	})
	if err != nil {
		return err
	}
	notice := link.Notice(account.NoticeNewBrowser)
	notice.Browser = visitor.Browser
	if visitor.ClientIP.IsValid() {
		notice.Network = audit.ShortAddress(visitor.ClientIP.String())
	}
	return s.cfg.Notices.Send(ctx, user, notice, now)
}
