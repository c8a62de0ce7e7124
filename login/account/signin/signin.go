// Package signin is the journey of a person who has a password and a second factor: the password begins a half-done sign-in, the code
// of an authenticator completes it. Recovery codes are for package recovery.
package signin

import (
	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what New needs. All fields but the last are required.
type Config struct {
	Store     *storage.Store
	Audit     *audit.Log
	Notices   account.Notices
	Attempts  *account.Attempts
	Passwords *account.Passwords
	Factors   account.Factors
	SignIns   *account.SignIns
	Browsers  *account.Browsers
	Links     *account.Links
	// TellNewBrowsers mails the owner after a sign-in in a browser that the owner has never used.
	TellNewBrowsers bool
}

// Service checks passwords and codes. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the journey.
func New(cfg Config) *Service { return &Service{cfg: cfg} }
