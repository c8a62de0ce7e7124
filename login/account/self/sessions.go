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

// EndOwnSession ends one of a person's sessions by its id. Errors: storage.ErrNotFound if the person has no such session.
func (s *Service) EndOwnSession(ctx context.Context, userID, sessionID string, visitor account.Visitor, now time.Time) error {
	return s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.SignIns.End(ctx, userID, sessionID, now); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, visitor.Event(audit.SessionsEnded, userID), now)
	})
}

// EndOtherSessions ends every session of a person except the current one, all half-done sign-ins and all grants. It returns a new cookie of
// the trusted browser; the old one is void. Errors: account.ErrStartAgain if the current session has ended.
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
