// Package recovery is the journey of a person who has lost something, or whose password somebody else has: signing in with a recovery code,
// and ending a sign-in that was somebody else's. Package arrive has the journey of a person who has forgotten the password.
package recovery

import (
	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what New needs. All fields are required.
type Config struct {
	Store    *storage.Store
	Audit    *audit.Log
	Notices  account.Notices
	Attempts *account.Attempts
	Codes    *account.RecoveryCodes
	SignIns  *account.SignIns
	Links    *account.Links
}

// Service accepts recovery codes and ends strangers' sign-ins. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the journey.
func New(cfg Config) *Service { return &Service{cfg: cfg} }
