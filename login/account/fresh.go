package account

import (
	"time"

	"github.com/postern-id/postern/storage"
)

// freshLife is how long after a sign-in its owner may change what signs in.
const freshLife = 10 * time.Minute

// Fresh is a sign-in that was completed within the last ten minutes: with the password, and with a one-time code or a recovery code.
// What only the owner of an account may do takes a Fresh; what needs the authenticator itself refuses one of a recovery code with
// [ErrRecovered].
type Fresh struct{ signIn storage.SignIn }

// FreshSignIn returns the Fresh of a sign-in. It is good only if ok: otherwise the sign-in is older than ten minutes at now.
func FreshSignIn(signIn storage.SignIn, now time.Time) (f Fresh, ok bool) {
	return Fresh{signIn}, now.Before(signIn.Time().Add(freshLife))
}

// User returns whose sign-in it is.
func (f Fresh) User() storage.User { return f.signIn.User() }

// SignIn returns the sign-in.
func (f Fresh) SignIn() storage.SignIn { return f.signIn }
