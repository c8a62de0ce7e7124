// Package operate is what operators and administrators do to accounts: adding, inviting, showing, disabling, unlocking, signing out,
// deleting.
//
// In all operations, name is the id, user name or e-mail address of a user. They return storage.ErrNotFound if there is no such user.
package operate

import (
	"context"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what New needs. All fields are required.
type Config struct {
	Store     *storage.Store
	Audit     *audit.Log
	Notices   account.Notices
	Attempts  *account.Attempts
	Passwords *account.Passwords
	SignIns   *account.SignIns
	Links     *account.Links
	SignUp    account.SignUp
}

// Service operates on accounts. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the operations.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Show returns the profile of an account. Errors: storage.ErrNotFound.
func (s *Service) Show(ctx context.Context, name string) (account.Profile, error) {
	return account.ReadProfile(ctx, s.cfg.Store, name)
}

// List returns up to limit users in the order in which they were added, beginning after the user with the id after, or with the first user
// if after is empty.
func (s *Service) List(ctx context.Context, after string, limit int) ([]storage.User, error) {
	return s.cfg.Store.Users.List(ctx, after, limit)
}

// Sessions returns a user and the complete sessions that have not ended, newest first.
func (s *Service) Sessions(ctx context.Context, name string, now time.Time) (storage.User, []storage.Session, error) {
	user, err := s.cfg.Store.Users.Find(ctx, identity.Name(name))
	if err != nil {
		return storage.User{}, nil, err
	}
	sessions, err := s.cfg.Store.Sessions.OfUser(ctx, user.ID, now)
	return user, sessions, err
}
