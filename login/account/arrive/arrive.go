// Package arrive is the journey of everybody who comes by a one-time link: to a new account that they asked for or were invited to, to a verified
// e-mail address, or to a new password in place of a forgotten one.
//
// Only the owner of a mailbox learns whether it has an account: [Service.AskSignUp] and [Service.AskReset] do the same work and return the
// same result whether or not there is an account.
package arrive

import (
	"github.com/postern-id/postern/login/account"
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

// Service mails one-time links and carries out what they are for. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the journey.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Open reports whether anybody can create an account.
func (s *Service) Open() bool { return s.cfg.SignUp == account.SignUpOpen }
