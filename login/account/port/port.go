// Package port moves accounts in from other systems and out again: one JSON object on each line.
package port

import (
	"log/slog"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Config is what New needs. All fields are required.
type Config struct {
	Store     *storage.Store
	Audit     *audit.Log
	Passwords *account.Passwords
	Hasher    *password.Hasher
	Links     *account.Links
	Issuer    string // name of the service in the otpauth URIs of an export
	Log       *slog.Logger
}

// Service imports and exports accounts. It is safe for concurrent use.
type Service struct{ cfg Config }

// New returns the service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }
