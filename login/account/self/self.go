// Package self is the journey of a person who is signed in and changes their own account: profile, password, e-mail address, authenticators,
// recovery codes, sessions, data, and the end of the account.
//
// Sensitive changes require a [Fresh] sign-in, and changes of the factors a [Changer]. A change of the factors ends all other sessions and
// the grants made in them, because a stranger's session may be the reason for it. Grants made in the current session, offline access and
// trusted browsers stay, except when an authenticator is replaced: somebody else may have the earlier one, and may have used its codes.
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
