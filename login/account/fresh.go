package account

import (
	"time"

	"github.com/postern-id/postern/storage"
)

// freshLife is how long after a sign-in of both factors its owner may change what signs in.
const freshLife = 10 * time.Minute

// Fresh is a complete sign-in whose password and one-time code were shown within the last ten minutes. What only the owner
// of an account may do takes one; only FreshSignIn makes it.
type Fresh struct{ signIn storage.SignIn }

// FreshSignIn returns the Fresh of a sign-in; ok is false when it is older than ten minutes at now.
func FreshSignIn(signIn storage.SignIn, now time.Time) (f Fresh, ok bool) {
	return Fresh{signIn}, now.Before(signIn.Time().Add(freshLife))
}

// User returns whose sign-in it is.
func (f Fresh) User() storage.User { return f.signIn.User() }

// SignIn returns the sign-in.
func (f Fresh) SignIn() storage.SignIn { return f.signIn }
