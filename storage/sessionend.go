package storage

import (
	"context"
	"time"
)

// EndOtherSessions ends everything of a user as RaiseEpoch does, half-done sign-ins and grants included, but keeps one session, and returns the user
// of the new epoch. ErrNotFound when that session has ended.
func (s *Store) EndOtherSessions(ctx context.Context, userID, keepSID string, now time.Time) (User, error) {
	var user User
	err := s.InTx(ctx, func(ctx context.Context) (err error) {
		if err = s.RaiseEpoch(ctx, userID, now); err != nil {
			return err
		}
		if user, err = s.User(ctx, userID); err != nil {
			return err
		}
		// A session of an epoch before the last had ended already.
		if err = s.execOne(ctx, ErrNotFound, `
			UPDATE sessions SET epoch = ? WHERE user_id = ? AND sid = ? AND epoch = ? AND completed_at IS NOT NULL AND idle_until > ? AND expires_at > ?`,
			user.Epoch, userID, keepSID, user.Epoch-1, At(now), At(now)); err != nil {
			return err
		}
		_, err = s.exec(ctx, `DELETE FROM sessions WHERE user_id = ? AND sid <> ?`, userID, keepSID)
		return err
	})
	return user, err
}

// KeepOnlySession ends the other sessions and the half-done sign-ins of a user, with what clients were given in them but for what they
// were given for the time after the session. Device cookies stay. ErrStale when the session that is to stay, sid, has ended meanwhile, or
// the user has changed since u was read.
func (s *Store) KeepOnlySession(ctx context.Context, u User, sid string, now time.Time) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		if err := s.execOne(ctx, ErrStale, `
			UPDATE sessions SET last_seen_at = ? WHERE sid = ? AND epoch = ? AND completed_at IS NOT NULL AND expires_at > ? AND idle_until > ?`,
			At(now), sid, u.Epoch, At(now), At(now)); err != nil {
			return err
		}
		return s.endWithGrants(ctx, now, `user_id = ? AND sid <> ?`, u.ID, sid)
	})
}

// EndCompleteSessions ends the sessions of a user, also those that wait for a new password or authenticator, with what clients were given
// in them but for what they were given for the time after the session. Half-done sign-ins stay.
func (s *Store) EndCompleteSessions(ctx context.Context, userID string, now time.Time) error {
	return s.InTx(ctx, func(ctx context.Context) error {
		return s.endWithGrants(ctx, now, `user_id = ? AND completed_at IS NOT NULL`, userID)
	})
}

// endWithGrants ends the sessions that a condition names, and then what clients were given in them: a grant that is being issued is there by
// then, because IssueCode holds its session.
func (s *Store) endWithGrants(ctx context.Context, now time.Time, which string, args ...any) error {
	var ended []struct {
		UserID   string `db:"user_id"`
		SID      string `db:"sid"`
		Complete bool   `db:"complete"`
	}
	if err := s.listFrom(ctx, s.writer, &ended, `
		DELETE FROM sessions WHERE `+which+` RETURNING user_id, sid, completed_at IS NOT NULL AS complete`, args...); err != nil {
		return err
	}
	for _, session := range ended {
		if !session.Complete {
			continue
		}
		if err := s.RevokeGrantsOfSession(ctx, session.UserID, session.SID, now); err != nil {
			return err
		}
	}
	return nil
}
