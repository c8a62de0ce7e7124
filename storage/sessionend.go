package storage

import (
	"context"
	"time"
)

// End removes the session or half-done sign-in whose cookie has that hash, if there is one.
func (s *Sessions) End(ctx context.Context, tokenHash []byte) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE session_hash = ?`, tokenHash)
	return err
}

// EndByID removes one session of a user, by its id. It returns ErrNotFound if the user has no such session.
func (s *Sessions) EndByID(ctx context.Context, userID, sid string) error {
	return s.execOne(ctx, ErrNotFound, `DELETE FROM sessions WHERE user_id = ? AND sid = ?`, userID, sid)
}

// EndAll removes all sessions of a user and returns how many there were.
func (s *Sessions) EndAll(ctx context.Context, userID string) (int64, error) {
	return s.exec(ctx, `DELETE FROM sessions WHERE user_id = ?`, userID)
}

// EndOthers ends everything that [Users.RaiseEpoch] ends, but keeps one session, and returns the user with the new epoch. It returns
// ErrNotFound if that session has ended.
func (s *Sessions) EndOthers(ctx context.Context, userID, keepSID string, now time.Time) (User, error) {
	var user User
	users := Users{s.database}
	err := s.inTx(ctx, func(ctx context.Context) (err error) {
		if err = users.RaiseEpoch(ctx, userID, now); err != nil {
			return err
		}
		if user, err = users.ByID(ctx, userID); err != nil {
			return err
		}
		// A session of an earlier epoch had ended already.
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

// KeepOnly ends all sessions and half-done sign-ins of a user but the session sid, and revokes the grants given in them, except those with
// offline access. Trusted browsers stay. It returns ErrStale if the session sid has ended, or has another epoch than u.
func (s *Sessions) KeepOnly(ctx context.Context, u User, sid string, now time.Time) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		if err := s.execOne(ctx, ErrStale, `
			UPDATE sessions SET last_seen_at = ? WHERE sid = ? AND epoch = ? AND completed_at IS NOT NULL AND expires_at > ? AND idle_until > ?`,
			At(now), sid, u.Epoch, At(now), At(now)); err != nil {
			return err
		}
		return s.endWithGrants(ctx, now, `user_id = ? AND sid <> ?`, u.ID, sid)
	})
}

// EndComplete ends the sessions of a user, including those that wait for a new password or authenticator, and revokes the grants given in
// them, except those with offline access. Half-done sign-ins stay.
func (s *Sessions) EndComplete(ctx context.Context, userID string, now time.Time) error {
	return s.inTx(ctx, func(ctx context.Context) error {
		return s.endWithGrants(ctx, now, `user_id = ? AND completed_at IS NOT NULL`, userID)
	})
}

// Renew continues a session of the previous epoch with a new cookie and a new id, after a change that ends all other sessions of the
// person. The time and the methods of the sign-in stay as they were. It returns ErrStale if the session has ended, or belongs to another
// user or epoch.
func (s *Sessions) Renew(ctx context.Context, oldHash, newHash []byte, user User, event string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE sessions SET session_hash = ?, sid = ?, epoch = ?, last_seen_at = ?, event = ?
		WHERE session_hash = ? AND user_id = ? AND epoch = ? AND completed_at IS NOT NULL AND expires_at > ? AND idle_until > ?`,
		newHash, NewID(), user.Epoch, At(now), nullText(event), oldHash, user.ID, user.Epoch-1, At(now), At(now))
}

// EndOtherEpochs removes the sessions and half-done sign-ins of a user that belong to another epoch.
func (s *Sessions) EndOtherEpochs(ctx context.Context, user User) error {
	_, err := s.exec(ctx, `DELETE FROM sessions WHERE user_id = ? AND epoch <> ?`, user.ID, user.Epoch)
	return err
}

// endWithGrants ends the sessions that fulfil a condition, and then revokes the grants given in them. A grant that is being issued
// meanwhile is stored before that, because [Grants.Issue] locks its session.
func (s *Sessions) endWithGrants(ctx context.Context, now time.Time, which string, args ...any) error {
	var ended []struct {
		UserID   string `db:"user_id"`
		SID      string `db:"sid"`
		Complete bool   `db:"complete"`
	}
	if err := s.listFrom(ctx, s.writer, &ended, `
		DELETE FROM sessions WHERE `+which+` RETURNING user_id, sid, completed_at IS NOT NULL AS complete`, args...); err != nil {
		return err
	}
	grants := Grants{s.database}
	for _, session := range ended {
		if !session.Complete {
			continue
		}
		if err := grants.RevokeOfSession(ctx, session.UserID, session.SID, now); err != nil {
			return err
		}
	}
	return nil
}
