package account

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// Profile is an account as its owner and operators see it. It holds no secret.
type Profile struct {
	User              storage.User
	HasPassword       bool
	Authenticators    []storage.Authenticator // without their secrets
	RecoveryCodesLeft int
}

// Show returns an account by id, user name or e-mail address, or storage.ErrNotFound.
func (s *Service) Show(ctx context.Context, name string) (Profile, error) {
	user, err := s.store.Users.Find(ctx, typedName(name))
	if err != nil {
		return Profile{}, err
	}
	profile := Profile{User: user}
	if profile.Authenticators, err = s.store.Authenticators.OfUser(ctx, user.ID); err != nil {
		return Profile{}, err
	}
	for i := range profile.Authenticators {
		profile.Authenticators[i].Secret = nil
	}
	if profile.RecoveryCodesLeft, err = s.store.RecoveryCodes.CountUnused(ctx, user.ID); err != nil {
		return Profile{}, err
	}
	login, err := s.store.Passwords.ByLogin(ctx, user.Email)
	profile.HasPassword = login.Hash != ""
	return profile, err
}

// Overview counts what hangs on a person's account, or storage.ErrNotFound.
func (s *Service) Overview(ctx context.Context, userID string, now time.Time) (storage.Overview, error) {
	return s.store.Users.Overview(ctx, userID, now)
}

// List returns up to limit users in the order they were added, after the user with the id after (empty: from the first).
func (s *Service) List(ctx context.Context, after string, limit int) ([]storage.User, error) {
	return s.store.Users.List(ctx, after, limit)
}

// Sessions returns a user and the complete, living sessions, newest first, or storage.ErrNotFound.
func (s *Service) Sessions(ctx context.Context, name string, now time.Time) (storage.User, []storage.Session, error) {
	user, err := s.store.Users.Find(ctx, typedName(name))
	if err != nil {
		return storage.User{}, nil, err
	}
	sessions, err := s.store.Sessions.OfUser(ctx, user.ID, now)
	return user, sessions, err
}
