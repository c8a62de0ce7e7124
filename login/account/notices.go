package account

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// Notices tells people what happened to their accounts. Every method queues one message in the caller's transaction, so
// that it goes out exactly if what it tells has happened. An error means that the operation must fail.
type Notices interface {
	// Invitation brings the link through which the person sets a password and enrols an authenticator.
	Invitation(ctx context.Context, to storage.User, link string, expires, now time.Time) error
	// FactorReset says that an operator removed the authenticators, and brings a new invitation link.
	FactorReset(ctx context.Context, to storage.User, link string, expires, now time.Time) error
	// WrongCodes says that somebody knows the password and has typed so many wrong codes in a row; closed: too many.
	WrongCodes(ctx context.Context, to storage.User, failures int, closed bool, now time.Time) error
	// RecoveryCodeUsed says that a recovery code took the place of the one-time code, and how many are left.
	RecoveryCodeUsed(ctx context.Context, to storage.User, left int, now time.Time) error
	// AuthenticatorAdded says that a new authenticator was enrolled; replaced: in place of all earlier ones.
	AuthenticatorAdded(ctx context.Context, to storage.User, replaced bool, now time.Time) error
}
