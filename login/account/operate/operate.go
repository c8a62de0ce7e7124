package operate

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// operate finds a user, and runs an operation and records it in one transaction.
func (s *Service) operate(ctx context.Context, name string, event audit.Name, by audit.By, now time.Time,
	do func(context.Context, storage.User) error) (storage.User, error) {
	user, err := s.cfg.Store.Users.Find(ctx, identity.Name(name))
	if err != nil {
		return storage.User{}, err
	}
	return user, s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := do(ctx, user); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, by.Event(event, user.ID), now)
	})
}

// Disable disables an account and ends all its sessions and grants.
func (s *Service) Disable(ctx context.Context, name string, by audit.By, now time.Time) (storage.User, error) {
	return s.operate(ctx, name, audit.UserDisabled, by, now, func(ctx context.Context, user storage.User) error {
		if err := s.cfg.Store.Users.Disable(ctx, user.ID, now); err != nil {
			return err
		}
		_, err := s.cfg.Store.Sessions.EndAll(ctx, user.ID)
		return err
	})
}

// Enable makes a disabled account usable again. Sessions and grants that have ended stay ended.
func (s *Service) Enable(ctx context.Context, name string, by audit.By, now time.Time) (storage.User, error) {
	return s.operate(ctx, name, audit.UserEnabled, by, now, func(ctx context.Context, user storage.User) error {
		return s.cfg.Store.Users.Enable(ctx, user.ID, now)
	})
}

// Delete removes an account with everything that belongs to it.
func (s *Service) Delete(ctx context.Context, name string, by audit.By, now time.Time) (storage.User, error) {
	return s.operate(ctx, name, audit.UserDeleted, by, now, func(ctx context.Context, user storage.User) error {
		return s.cfg.Store.Users.Delete(ctx, user.ID)
	})
}

// Unlock ends the waits that wrong passwords and codes have caused and reopens a closed factor. It also repairs the damage of a clock that
// was ahead: one-time codes that were used up before their time are accepted again, and sessions that begin in the future end.
func (s *Service) Unlock(ctx context.Context, name string, by audit.By, now time.Time) (storage.User, error) {
	return s.operate(ctx, name, audit.UserUnlocked, by, now, func(ctx context.Context, user storage.User) error {
		if err := s.cfg.Attempts.Unlock(ctx, user.ID); err != nil {
			return err
		}
		if err := s.cfg.Store.Authenticators.RewindSteps(ctx, user.ID, now); err != nil {
			return err
		}
		return s.endFutureSessions(ctx, user.ID, now)
	})
}

// clockSkew is how far ahead another replica's clock may be.
const clockSkew = time.Minute

// endFutureSessions ends the sessions whose beginning lies in the future: they would last longer than allowed.
func (s *Service) endFutureSessions(ctx context.Context, userID string, now time.Time) error {
	sessions, err := s.cfg.Store.Sessions.OfUser(ctx, userID, now)
	if err != nil {
		return err
	}
	for _, session := range sessions {
		if !session.CompletedAt.After(now.Add(clockSkew)) {
			continue
		}
		if err := s.cfg.SignIns.End(ctx, userID, session.ID, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	return nil
}

// SignOut ends all sessions and grants of a user and returns how many sessions there were.
func (s *Service) SignOut(ctx context.Context, name string, by audit.By, now time.Time) (user storage.User, ended int64, err error) {
	user, err = s.operate(ctx, name, audit.SessionsEnded, by, now, func(ctx context.Context, user storage.User) error {
		if ended, err = s.cfg.Store.Sessions.EndAll(ctx, user.ID); err != nil {
			return err
		}
		return s.cfg.Store.Users.RaiseEpoch(ctx, user.ID, now)
	})
	return user, ended, err
}

// EndSession ends one session of a user and the grants made in it, except offline access. Errors: storage.ErrNotFound, also if the user has
// no such session.
func (s *Service) EndSession(ctx context.Context, name, sessionID string, by audit.By, now time.Time) (storage.User, error) {
	return s.operate(ctx, name, audit.SessionsEnded, by, now, func(ctx context.Context, user storage.User) error {
		return s.cfg.SignIns.End(ctx, user.ID, sessionID, now)
	})
}

// ResetFactor removes a user's authenticators and recovery codes, ends all sessions, grants and waits, and makes a new invitation, which is
// mailed as well.
func (s *Service) ResetFactor(ctx context.Context, name string, by audit.By, now time.Time) (user storage.User, invitation account.Link, err error) {
	user, err = s.operate(ctx, name, audit.UserFactorReset, by, now, func(ctx context.Context, user storage.User) error {
		if err := s.cfg.Attempts.Unlock(ctx, user.ID); err != nil {
			return err
		}
		// The user's row is locked first, so that an authenticator that is being added at this moment is removed as well, or not added.
		user, err := s.cfg.SignIns.EndEverything(ctx, user.ID, now) // the e-mail address may have changed since it was read
		if err != nil {
			return err
		}
		if err := s.cfg.Store.Users.RemoveFactors(ctx, user.ID); err != nil {
			return err
		}
		if invitation, err = s.cfg.Links.Invite(ctx, user, by.Event(audit.TicketIssued, user.ID), now); err != nil {
			return err
		}
		return s.cfg.Notices.Send(ctx, user, invitation.Notice(account.NoticeFactorReset), now)
	})
	if err != nil {
		return storage.User{}, account.Link{}, err
	}
	return user, invitation, nil
}
