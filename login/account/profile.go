package account

import (
	"context"

	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
)

// Profile is an account as its owner and operators see it. It has no secrets.
type Profile struct {
	User              storage.User
	HasPassword       bool
	Authenticators    []storage.Authenticator // without their secrets
	RecoveryCodesLeft int
}

// ReadProfile returns an account by id, user name or e-mail address. Errors: storage.ErrNotFound.
func ReadProfile(ctx context.Context, store *storage.Store, name string) (Profile, error) {
	user, err := store.Users.Find(ctx, identity.Name(name))
	if err != nil {
		return Profile{}, err
	}
	profile := Profile{User: user}
	if profile.Authenticators, err = store.Authenticators.OfUser(ctx, user.ID); err != nil {
		return Profile{}, err
	}
	for i := range profile.Authenticators {
		profile.Authenticators[i].Secret = nil
	}
	if profile.RecoveryCodesLeft, err = store.RecoveryCodes.CountUnused(ctx, user.ID); err != nil {
		return Profile{}, err
	}
	login, err := store.Passwords.ByLogin(ctx, user.Email)
	profile.HasPassword = login.Hash != ""
	return profile, err
}

// Credentials reports whether an account has a password and an authenticator.
func Credentials(ctx context.Context, store *storage.Store, user storage.User) (enrolled, hasPassword bool, err error) {
	authenticators, err := store.Authenticators.OfUser(ctx, user.ID)
	if err != nil {
		return false, false, err
	}
	login, err := store.Passwords.ByLogin(ctx, user.Email)
	return len(authenticators) > 0, login.ID == user.ID && login.Hash != "", err
}
