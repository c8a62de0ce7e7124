package scope

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// What is wrong with a scope parameter.
var (
	ErrUnregistered = errors.New("scope is unknown or the client is not registered for it")
	ErrNone         = errors.New("no scope is asked for")
)

// Read splits the scope parameter (RFC 6749 section 3.3). Scopes are compared byte for byte: OPENID is not openid.
//
// Errors: ErrUnregistered, ErrNone.
func Read(text string, c *client.Client) ([]string, error) {
	var scopes []string
	for _, scope := range strings.Fields(text) {
		if !slices.Contains(c.Scopes, scope) {
			return nil, ErrUnregistered
		}
		// RFC 9700 leaves refresh tokens to clients that are registered for the grant.
		if scope == "offline_access" && !slices.Contains(c.GrantTypes, client.GrantRefresh) {
			continue
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return nil, ErrNone
	}
	return scopes, nil
}

// Kept returns those of the scopes that the client is still registered for.
func Kept(scopes []string, c *client.Client) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !slices.Contains(c.Scopes, scope) })
}

// Asked is what a client asks for about a person, without what it may not have.
type Asked struct {
	Scopes []string
	Named
}

// Named are the claims that are asked for by name, sorted, by the place where they are released.
type Named struct {
	IDToken  []string `json:"id_token,omitempty"`
	UserInfo []string `json:"userinfo,omitempty"`
}

// Ask returns what a request with these scopes and this claims parameter asks for. Claims that the client may not have are left out, as
// OIDC Core section 5.5.1 allows. The claims of an operator's own that the client is registered for come with the scope openid. userInfo says
// whether the answer brings an access token for the UserInfo endpoint: without one everything is in the ID token (sections 5.4 and 5.5).
func Ask(scopes []string, p Parameter, c *client.Client, userInfo bool) Asked {
	asked := Asked{Scopes: scopes}
	if !slices.Contains(scopes, OpenID) {
		return asked
	}
	asked.IDToken, asked.UserInfo = allowed(c, slices.Collect(maps.Keys(p.IDToken))), []string(nil)
	own := allowed(c, c.Claims)
	if userInfo {
		asked.UserInfo = allowed(c, append(slices.Collect(maps.Keys(p.UserInfo)), own...))
	} else {
		asked.IDToken = allowed(c, append(asked.IDToken, own...))
	}
	return asked
}

// allowed returns those of the claims that the client may have, sorted, each once.
func allowed(c *client.Client, names []string) []string {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !may(c, name) })
	slices.Sort(names)
	return slices.Compact(names)
}

// Access returns what a person has to agree to: the scopes, and the named claims that these do not bring.
func (a Asked) Access() storage.Access {
	access := storage.Access{Scopes: a.Scopes}
	brought := Claims(a.Scopes)
	for _, name := range slices.Concat(a.IDToken, a.UserInfo) {
		if !slices.Contains(brought, name) && !slices.Contains(access.Claims, name) {
			access.Claims = append(access.Claims, name)
		}
	}
	slices.Sort(access.Claims)
	return access
}

// Covers reports whether who has granted the one has agreed to all of the other.
func Covers(granted, asked storage.Access) bool {
	claims := slices.Concat(granted.Claims, Claims(granted.Scopes))
	return subset(asked.Scopes, granted.Scopes) && subset(asked.Claims, claims)
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}
