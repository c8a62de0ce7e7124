package self

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Sessions returns a person's complete sessions that have not ended, newest first.
func (s *Service) Sessions(ctx context.Context, userID string, now time.Time) ([]storage.Session, error) {
	return s.cfg.Store.Sessions.OfUser(ctx, userID, now)
}

// EndOwnSession ends one of a person's sessions by its id. Errors: storage.ErrNotFound when it is not one of theirs.
func (s *Service) EndOwnSession(ctx context.Context, userID, sessionID string, visitor account.Visitor, now time.Time) error {
	return s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.SignIns.End(ctx, userID, sessionID, now); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, visitor.Event(audit.SessionsEnded, userID), now)
	})
}

// EndOtherSessions ends every session of a person but the session at hand, with half-done sign-ins and everything that apps were given.
// It returns a cookie of the trusted browser in place of the present cookie, which is not good any more. Errors: account.ErrStartAgain when the session at
// hand is over.
func (s *Service) EndOtherSessions(ctx context.Context, at storage.SignIn, visitor account.Visitor, now time.Time) (trustCookie string, err error) {
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		user, err := s.cfg.Store.Sessions.EndOthers(ctx, at.User().ID, at.ID(), now)
		if err != nil {
			return err
		}
		if trustCookie, err = s.cfg.Browsers.Trust("", user, now); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, visitor.Event(audit.SessionsEnded, user.ID), now)
	})
	if errors.Is(err, storage.ErrNotFound) {
		return "", account.ErrStartAgain
	}
	return trustCookie, err
}
