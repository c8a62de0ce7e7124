package self

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// PasswordChange is the form of a page on which a person chooses another password.
type PasswordChange struct {
	Current string // ignored by ChooseNewPassword
	New     string
	Session string // session cookie of the browser
	Visitor account.Visitor
}

// ChangePassword replaces the password of a person who has signed in within the last ten minutes. The browser stays signed in under a new
// session id; all other sessions and all grants end.
//
// Errors: account.ErrCredentials if the current password is wrong, *account.WaitError, *account.WeakPasswordError, account.ErrSamePassword,
// account.ErrBusy, account.ErrStartAgain.
func (s *Service) ChangePassword(ctx context.Context, fresh Fresh, change PasswordChange, now time.Time) (account.Done, error) {
	user := fresh.User()
	if err := s.confirmPassword(ctx, user, change, now); err != nil {
		return account.Done{}, err
	}
	if change.New == change.Current {
		return account.Done{}, account.ErrSamePassword
	}
	return s.changePassword(ctx, user, fresh.SignIn().Remembered(), change, now)
}

// ChooseNewPassword replaces an exposed password and makes the held sign-in a session. All other sessions and all grants end.
//
// Errors: account.ErrSamePassword, *account.WeakPasswordError, account.ErrBusy, account.ErrStartAgain.
func (s *Service) ChooseNewPassword(ctx context.Context, held storage.HeldSignIn, change PasswordChange, now time.Time) (account.Done, error) {
	if err := s.cfg.Passwords.Differs(ctx, held.User(), change.New); err != nil {
		return account.Done{}, err
	}
	return s.changePassword(ctx, held.User(), held.Remembered(), change, now)
}

// confirmPassword checks the current password, within the same budgets as a sign-in.
func (s *Service) confirmPassword(ctx context.Context, user storage.User, change PasswordChange, now time.Time) error {
	// It is not counted against the client IP: the person has signed in with both factors, and others at the same IP must not get in the
	// way.
	attempt, err := s.cfg.Attempts.BeginPassword(ctx, s.cfg.Attempts.Subject(change.Visitor, user, now), netip.Addr{}, now)
	if wait := (*account.WaitError)(nil); errors.As(err, &wait) {
		return s.cfg.Attempts.TurnAway(ctx, wait, change.Visitor.Event(audit.PasswordThrottled, user.ID), now)
	}
	if err != nil {
		return err
	}
	login, err := s.cfg.Store.Passwords.ByLogin(ctx, user.Email)
	if err != nil {
		return errors.Join(err, attempt.Undecided(ctx))
	}
	verdict, err := s.cfg.Passwords.Check(ctx, login, change.Current)
	if err != nil {
		return errors.Join(err, attempt.Undecided(ctx))
	}
	if !verdict.Right {
		if err := attempt.Failed(ctx, now); err != nil {
			return err
		}
		return s.cfg.Attempts.Refuse(ctx, account.ErrCredentials, change.Visitor.Event(audit.PasswordRefused, user.ID), now)
	}
	return attempt.Passed(ctx)
}

func (s *Service) changePassword(ctx context.Context, user storage.User, remembered bool, change PasswordChange, now time.Time) (done account.Done, err error) {
	encoded, err := s.cfg.Passwords.Hash(ctx, change.New, user)
	if err != nil {
		return account.Done{}, err
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		fresh, err := s.cfg.Passwords.Replace(ctx, user.ID, encoded, now)
		if err != nil {
			return err
		}
		done, err = s.cfg.SignIns.Renew(ctx, account.Renewal{
			Session: change.Session, Was: user, Fresh: fresh, Remembered: remembered,
			Event: change.Visitor.Event(audit.PasswordChanged, user.ID), Visitor: change.Visitor,
		}, now)
		if err != nil {
			return err
		}
		return s.cfg.Notices.Send(ctx, fresh, account.Notice{Kind: account.NoticePasswordChanged}, now)
	})
	if errors.Is(err, storage.ErrStale) || errors.Is(err, storage.ErrNotFound) {
		return account.Done{}, account.ErrStartAgain
	}
	return done, err
}
