package account

import (
	"encoding/hex"

	"github.com/postern-id/postern/storage"
)

// Changer is a person who may change the factors of an account: one whose password and one-time code were shown within the last ten
// minutes. Only NewChanger makes one.
type Changer struct {
	signIn storage.SignIn
	holder string // the browser: what was shown in it is not shown in another
}

// NewChanger returns the permission of a fresh sign-in. browser is the secret by which the browser is known: what was begun in it can be
// finished in it after another sign-in.
//
// ErrRecovered when a recovery code has opened the session: it replaces what was lost, through RecoveredEnroller, and no more.
func NewChanger(fresh Fresh, browser string) (Changer, error) {
	if fresh.signIn.Recovered() {
		return Changer{}, ErrRecovered
	}
	return Changer{signIn: fresh.signIn, holder: hex.EncodeToString(storage.Hash(browser))}, nil
}

// SignIn returns the sign-in.
func (c Changer) SignIn() storage.SignIn { return c.signIn }

func (c Changer) user() storage.User { return c.signIn.User() }

// purpose returns what an authenticator is enrolled for: in place of the one with an id, or one more.
func (c Changer) purpose(replaces string) storage.Purpose {
	p := storage.Purpose{UserID: c.user().ID, Kind: storage.EnrolAdd, Replaces: replaces, Holder: c.holder}
	if replaces != "" {
		p.Kind = storage.EnrolReplace
	}
	return p
}
