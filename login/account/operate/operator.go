// Package operate is what operators and administrators do to accounts: adding, inviting, looking, shutting, unlocking, signing out, removing.
//
// In all operations name is the id, user name or e-mail address of a user; storage.ErrNotFound says that there is no such user.
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
type Service struct {
	store     *storage.Store
	audit     *audit.Log
	notices   account.Notices
	attempts  *account.Attempts
	passwords *account.Passwords
	signIns   *account.SignIns
	links     *account.Links
	signUp    account.SignUp
}

// New returns the operations.
func New(cfg Config) *Service {
	return &Service{
		store: cfg.Store, audit: cfg.Audit, notices: cfg.Notices, attempts: cfg.Attempts, passwords: cfg.Passwords, signIns: cfg.SignIns,
		links: cfg.Links, signUp: cfg.SignUp,
	}
}

// Show returns an account.
func (s *Service) Show(ctx context.Context, name string) (account.Profile, error) {
	return account.ReadProfile(ctx, s.store, name)
}

// List returns up to limit users in the order they were added, after the user with the id after (empty: from the first).
func (s *Service) List(ctx context.Context, after string, limit int) ([]storage.User, error) {
	return s.store.Users.List(ctx, after, limit)
}

// Sessions returns a user and the complete sessions that have not ended, newest first.
func (s *Service) Sessions(ctx context.Context, name string, now time.Time) (storage.User, []storage.Session, error) {
	user, err := s.store.Users.Find(ctx, identity.Name(name))
	if err != nil {
		return storage.User{}, nil, err
	}
	sessions, err := s.store.Sessions.OfUser(ctx, user.ID, now)
	return user, sessions, err
}
