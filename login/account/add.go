package account

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// NewUser is an account to be made.
type NewUser struct {
	Email         string // required
	EmailVerified bool
	Username      string // may be empty; no @
	Name          string // the claim name; may be empty
	Admin         bool
	Groups        []string
	Claims        map[string]any // see checkClaims
	Password      string         // empty: the person chooses one
	// AllowLookalike makes the account also if its user name or address mixes scripts or looks like another one.
	AllowLookalike bool
}

// Add makes an account and an invitation to it, and mails the link unless registration is closed.
//
// Errors: *InvalidError, *WeakPasswordError, storage.ErrConflict when the e-mail address or user name is taken.
func (s *Service) Add(ctx context.Context, add NewUser, by audit.By, now time.Time) (storage.User, Invitation, error) {
	user, err := add.user(now)
	if err == nil && !add.AllowLookalike {
		err = errors.Join(checkLookalike("email", user.Email), checkLookalike("username", user.Username))
	}
	if err != nil {
		return storage.User{}, Invitation{}, err
	}
	encoded := ""
	if add.Password != "" {
		if encoded, err = s.hashNew(ctx, add.Password, user); err != nil {
			return storage.User{}, Invitation{}, err
		}
	}
	var invitation Invitation
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Users.Add(ctx, user); err != nil {
			return err
		}
		if encoded != "" {
			if err := s.store.Passwords.Set(ctx, user.ID, encoded, now); err != nil {
				return err
			}
		}
		if err := s.audit.Record(ctx, by.Event(audit.UserAdded, user.ID), now); err != nil {
			return err
		}
		invitation, err = s.invite(ctx, user, by, now)
		return err
	})
	if err != nil {
		return storage.User{}, Invitation{}, err
	}
	return user, invitation, nil
}

// user returns the row of a new account, or every fault of it.
func (n NewUser) user(now time.Time) (storage.User, error) {
	claims := maps.Clone(n.Claims)
	if n.Name != "" {
		if claims == nil {
			claims = map[string]any{}
		}
		claims["name"] = n.Name
	}
	err := errors.Join(checkEmail(n.Email), checkUsername(n.Username), checkGroups(n.Groups), checkClaims(claims))
	if err != nil {
		return storage.User{}, err
	}
	return storage.User{
		ID: storage.NewID(), Email: n.Email, EmailVerified: n.EmailVerified, Username: n.Username, Admin: n.Admin,
		Groups: n.Groups, Claims: claims, Epoch: 1, CreatedAt: storage.At(now), UpdatedAt: storage.At(now),
	}, nil
}
