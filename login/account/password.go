package account

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// PasswordChange is what a page sends on which somebody who has shown both factors chooses another password.
type PasswordChange struct {
	Current string // not asked for by ChooseNewPassword
	New     string
	Session string // session cookie of the browser
	Visitor Visitor
}

// ChangePassword replaces the password of somebody who has shown both factors a short time ago. The browser stays signed in under a
// new session id; every other session and everything granted ends.
//
// Errors: ErrCredentials (the present password is wrong), *WaitError, *WeakPasswordError, ErrSamePassword, ErrBusy, ErrStartAgain.
func (s *Service) ChangePassword(ctx context.Context, fresh Fresh, change PasswordChange, now time.Time) (Done, error) {
	user := fresh.User()
	if err := s.confirmPassword(ctx, user, change, now); err != nil {
		return Done{}, err
	}
	if change.New == change.Current {
		return Done{}, ErrSamePassword
	}
	return s.changePassword(ctx, user, fresh.SignIn().Remembered(), change, now)
}

// ChooseNewPassword replaces a password that somebody else has, and makes the held sign-in a session. Everything else ends.
//
// Errors: ErrSamePassword, *WeakPasswordError, ErrBusy, ErrStartAgain.
func (s *Service) ChooseNewPassword(ctx context.Context, held storage.HeldSignIn, change PasswordChange, now time.Time) (Done, error) {
	if err := s.differs(ctx, held.User(), change.New); err != nil {
		return Done{}, err
	}
	return s.changePassword(ctx, held.User(), held.Remembered(), change, now)
}

// confirmPassword checks the present password within the budgets of the sign-in.
func (s *Service) confirmPassword(ctx context.Context, user storage.User, change PasswordChange, now time.Time) error {
	// Not counted with the address: the person has shown both factors, and others there must not stand in the way.
	attempt, err := s.throttle.BeginPassword(ctx, s.subject(change.Visitor, user, now), netip.Addr{}, now)
	if wait := (*WaitError)(nil); errors.As(err, &wait) {
		return s.turnAway(ctx, wait, change.Visitor.event(audit.PasswordThrottled, user.ID), now)
	}
	if err != nil {
		return err
	}
	login, err := s.store.Passwords.ByLogin(ctx, user.Email)
	if err != nil {
		return errors.Join(err, attempt.Undecided(ctx))
	}
	right, _, err := s.checkPassword(ctx, login, change.Current)
	if err != nil {
		return errors.Join(err, attempt.Undecided(ctx))
	}
	if !right {
		if err := attempt.Failed(ctx, now); err != nil {
			return err
		}
		return s.refuse(ctx, ErrCredentials, change.Visitor.event(audit.PasswordRefused, user.ID), now)
	}
	return attempt.Passed(ctx)
}

func (s *Service) changePassword(ctx context.Context, user storage.User, remembered bool, change PasswordChange, now time.Time) (done Done, err error) {
	encoded, err := s.hashNew(ctx, change.New, user)
	if err != nil {
		return Done{}, err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		fresh, err := s.replacePassword(ctx, user.ID, encoded, now)
		if err != nil {
			return err
		}
		event := change.Visitor.event(audit.PasswordChanged, user.ID)
		if done, err = s.goOn(ctx, change.Session, user, fresh, change.Visitor, event, now); err != nil {
			return err
		}
		return s.notices.Send(ctx, fresh, Notice{Kind: NoticePasswordChanged}, now)
	})
	if errors.Is(err, storage.ErrStale) || errors.Is(err, storage.ErrNotFound) {
		return Done{}, ErrStartAgain
	}
	done.Remember = remembered && s.cfg.Lifetimes.Remember > 0
	return done, err
}

// goOn lets one session of a user live on under a new id, in the caller's transaction, after everything before the epoch of fresh was
// ended; was is the user before. When and how the person signed in stays as it was. storage.ErrStale says that the session has ended.
func (s *Service) goOn(ctx context.Context, session string, was, fresh storage.User, visitor Visitor, event audit.Event, now time.Time) (Done, error) {
	done := Done{Session: newSecret()}
	if err := s.store.Sessions.Renew(ctx, storage.Hash(session), storage.Hash(done.Session), fresh, s.audit.Rider(event, now), now); err != nil {
		return Done{}, err
	}
	if err := s.store.Sessions.EndOtherEpochs(ctx, fresh); err != nil {
		return Done{}, err
	}
	var err error
	done.Device, err = s.renewDevice(visitor.Device, was, fresh, now)
	return done, err
}
