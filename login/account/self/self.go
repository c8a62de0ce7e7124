// Package self is the journey of a person who is signed in and changes their own account: profile, password, e-mail address, authenticators,
// recovery codes, sessions, data, and the end of the account.
//
// What only the owner may do takes a [Fresh] sign-in. A change of factors takes a [Changer]. It ends all other sessions with what apps were given in
// them, because one of them may be the reason for it. What apps were given in the session at hand, offline access, and the trust of browsers stay, but
// not when an authenticator is replaced: the earlier one may be in other hands, and what was granted with its codes with it.
package self

import (
	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what New needs. All fields are required.
type Config struct {
	Store         *storage.Store
	Audit         *audit.Log
	Notices       account.Notices
	Attempts      *account.Attempts
	Passwords     *account.Passwords
	SignIns       *account.SignIns
	Links         *account.Links
	Browsers      *account.Browsers
	Enrolments    *account.Enrolments
	RecoveryCodes *account.RecoveryCodes
}

// Service changes the account of the person who asks. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the journey.
func New(cfg Config) *Service { return &Service{cfg: cfg} }
