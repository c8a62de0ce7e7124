package scope

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

// Errors of [Read].
var (
	ErrUnregistered = errors.New("every scope is unknown or the client may not have it")
	ErrNone         = errors.New("scope parameter is empty")
)

// Read returns the scopes in the scope parameter (RFC 6749 section 3.3), each once. It leaves out those that are unknown (OIDC Core section 3.1.2.1)
// and those that the client may not have; the answer to the client says what was granted. It compares scopes byte for byte: OPENID is not openid.
//
// Errors: [ErrNone] if the parameter is empty, [ErrUnregistered] if nothing is left of it.
func Read(text string, c *client.Client) ([]string, error) {
	asked := strings.Fields(text)
	if len(asked) == 0 {
		return nil, ErrNone
	}
	var scopes []string
	for _, scope := range Kept(asked, c) {
		// Only clients that are registered for the grant refresh_token get refresh tokens (RFC 9700).
		if scope == "offline_access" && !slices.Contains(c.GrantTypes, client.GrantRefresh) {
			continue
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return nil, ErrUnregistered
	}
	return scopes, nil
}

// Kept returns those of the scopes that the client is registered for.
func Kept(scopes []string, c *client.Client) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool { return !slices.Contains(c.Scopes, scope) })
}

// Asked is the access that a client asks for, without what it is not registered for.
type Asked struct {
	Scopes []string
	Named
}

// Named holds the claims that are asked for by name, sorted: those for the ID token and those for the UserInfo endpoint.
type Named struct {
	IDToken  []string `json:"id_token,omitempty"`
	UserInfo []string `json:"userinfo,omitempty"`
}

// Ask returns what a request with these scopes and this claims parameter asks for. It leaves out claims that the client is not registered for, as
// OIDC Core section 5.5.1 allows. The scope openid includes the operator-defined claims that the client is registered for. userInfo says whether the
// client gets an access token for the UserInfo endpoint; without one, all claims are in the ID token (sections 5.4 and 5.5).
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

// allowed returns the claims that the client is registered for, sorted, each once.
func allowed(c *client.Client, names []string) []string {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !may(c, name) })
	slices.Sort(names)
	return slices.Compact(names)
}

// Access returns what a person has to agree to: the scopes, and the named claims that the scopes do not include.
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

// Covers reports whether a person who has granted the first access has agreed to all of the second.
func Covers(granted, asked storage.Access) bool {
	claims := slices.Concat(granted.Claims, Claims(granted.Scopes))
	return subset(asked.Scopes, granted.Scopes) && subset(asked.Claims, claims)
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(one string) bool { return !slices.Contains(all, one) })
}
