package scope

import (
	"maps"
	"slices"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// Released returns the names of the claims that a client gets for a grant with these scopes and named claims. It leaves out claims that the client is
// no longer registered for.
func Released(c *client.Client, scopes, named []string) []string {
	return allowed(c, slices.Concat(Claims(scopes), named))
}

// Values returns the values that the named claims of a user have at now. It leaves out claims that the user has no value for: a claim is never null
// or empty (OIDC Core section 5.3.2). groups alone is always there: an empty list says that the user is in no group.
func Values(u storage.User, names []string, now time.Time) map[string]any {
	claims := make(map[string]any, len(names))
	for _, name := range names {
		value := valueOf(u, name, now)
		if members, ok := value.(map[string]any); ok { // address
			members = maps.Clone(members)
			maps.DeleteFunc(members, func(_ string, member any) bool { return empty(member) })
			value = members
		}
		if name == "groups" || !empty(value) {
			claims[name] = value
		}
	}
	return claims
}

func valueOf(u storage.User, name string, now time.Time) any {
	switch name {
	case "email":
		return u.Email
	case "email_verified":
		return u.EmailConfirmed(now)
	case "preferred_username":
		return u.Username
	case "groups":
		return append([]string{}, u.Groups...) // [] in JSON, never null
	case "updated_at":
		return u.UpdatedAt.Unix()
	}
	return u.Claims[name]
}

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []string:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
