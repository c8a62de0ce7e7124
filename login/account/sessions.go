package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// endSession ends one session of a user and what clients were given in it, but for what they were given for the time after it.
// storage.ErrNotFound says that the user has no such session.
func (s *Service) endSession(ctx context.Context, userID, sessionID string, now time.Time) error {
	if err := s.store.Sessions.EndByID(ctx, userID, sessionID); err != nil {
		return err
	}
	return s.store.Grants.RevokeOfSession(ctx, userID, sessionID, now)
}

// EndOwnSession ends one of a person's sessions by its id: storage.ErrNotFound when it is not one of theirs.
func (s *Service) EndOwnSession(ctx context.Context, userID, sessionID string, visitor Visitor, now time.Time) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.endSession(ctx, userID, sessionID, now); err != nil {
			return err
		}
		return s.audit.Record(ctx, visitor.event(audit.SessionsEnded, userID), now)
	})
}

// EndOtherSessions ends every session of a person but the one at hand, with half-done sign-ins and everything that apps were given.
// It returns a device cookie in place of the one that has ended with the others. ErrStartAgain says that the session at
// hand is over.
func (s *Service) EndOtherSessions(ctx context.Context, at storage.SignIn, visitor Visitor, now time.Time) (device string, err error) {
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		user, err := s.store.Sessions.EndOthers(ctx, at.User().ID, at.ID(), now)
		if err != nil {
			return err
		}
		if device, err = s.sealDevice("", user, now); err != nil {
			return err
		}
		return s.audit.Record(ctx, visitor.event(audit.SessionsEnded, user.ID), now)
	})
	if errors.Is(err, storage.ErrNotFound) {
		return "", ErrStartAgain
	}
	return device, err
}
