package identity

import (
	"errors"
	"maps"
	"time"

	"github.com/postern-id/postern/storage"
)

// NewUser is an account that does not exist yet.
type NewUser struct {
	Email         string // required
	EmailVerified bool
	Username      string // may be empty; no @
	Name          string // the claim name; may be empty
	Admin         bool
	Groups        []string
	Claims        map[string]any // see [CheckClaims]
	Password      string         // if empty, the person chooses one
	// AllowLookalike creates the account even if [CheckLookalike] refuses its user name or e-mail address.
	AllowLookalike bool
}

// Row returns the user to store, with a new id. If fields are invalid, it returns their errors, each an [*InvalidError], joined.
func (n NewUser) Row(now time.Time) (storage.User, error) {
	claims := maps.Clone(n.Claims)
	if n.Name != "" {
		if claims == nil {
			claims = map[string]any{}
		}
		claims["name"] = n.Name
	}
	err := errors.Join(CheckEmail(n.Email), CheckUsername(n.Username), CheckGroups(n.Groups), CheckClaims(claims))
	if err != nil {
		return storage.User{}, err
	}
	return storage.User{
		ID: storage.NewID(), Email: n.Email, EmailVerified: n.EmailVerified, Username: n.Username, Admin: n.Admin,
		Groups: n.Groups, Claims: claims, Epoch: 1, CreatedAt: storage.At(now), UpdatedAt: storage.At(now),
	}, nil
}
