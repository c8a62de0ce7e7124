package self

import (
	"encoding/hex"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
)

// freshLife is how long after a sign-in its owner may make sensitive changes.
const freshLife = 10 * time.Minute

// Fresh is a sign-in that was completed within the last ten minutes, with the password and a one-time code or recovery code. Changes that
// require the authenticator itself refuse a sign-in with a recovery code: see [NewChanger].
type Fresh struct{ signIn storage.SignIn }

// FreshSignIn returns s as Fresh. ok is false if it is older than ten minutes.
func FreshSignIn(signIn storage.SignIn, now time.Time) (f Fresh, ok bool) {
	return Fresh{signIn}, now.Before(signIn.Time().Add(freshLife))
}

// User returns the person who signed in.
func (f Fresh) User() storage.User { return f.signIn.User() }

// SignIn returns the sign-in.
func (f Fresh) SignIn() storage.SignIn { return f.signIn }

// Changer is a person who may change the factors of an account, because password and one-time code were right within the last ten
// minutes. Only [NewChanger] makes one.
type Changer struct {
	signIn storage.SignIn
	holder string // hash that identifies the browser: a pending change is not shown in another one
}

// NewChanger returns the permission of a fresh sign-in. browser is the secret that identifies the browser: a change begun in a browser can
// be finished there after another sign-in.
//
// Errors: account.ErrRecovered if the session was opened with a recovery code. Such a session can only replace the lost authenticators, in
// package enrol.
func NewChanger(fresh Fresh, browser string) (Changer, error) {
	if fresh.signIn.Recovered() {
		return Changer{}, account.ErrRecovered
	}
	return Changer{signIn: fresh.signIn, holder: hex.EncodeToString(storage.Hash(browser))}, nil
}

// SignIn returns the sign-in.
func (c Changer) SignIn() storage.SignIn { return c.signIn }

func (c Changer) user() storage.User { return c.signIn.User() }

// purpose returns the purpose of a pending authenticator: to replace the one with the id replaces, or to be an additional one.
func (c Changer) purpose(replaces string) storage.Purpose {
	p := storage.Purpose{UserID: c.user().ID, Kind: storage.EnrolAdd, Replaces: replaces, Holder: c.holder}
	if replaces != "" {
		p.Kind = storage.EnrolReplace
	}
	return p
}
