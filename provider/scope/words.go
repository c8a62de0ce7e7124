package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Words describes an access for people: one entry for each scope, and one for each claim outside of a whole scope. Some entries come with the value
// that the app would see of user, the person who is asked; the zero User has no values.
func Words(access storage.Access, user storage.User) []templates.Scope {
	var said []templates.Scope
	say := func(name string, words templates.Text, value any) {
		said = append(said, templates.Scope{Name: name, Words: words, Value: textOf(value)})
	}
	for _, entry := range registry {
		if wholly(access, entry.scope, entry.claims) {
			say(entry.scope, templates.T("scope."+entry.scope), seen(user, "scope."+entry.scope))
			continue
		}
		spoken := map[string]bool{}
		for _, c := range entry.claims {
			if slices.Contains(access.Claims, c.name) && !spoken[c.words] && !spoken[c.within] {
				spoken[c.words] = true
				say(c.name, templates.T(c.words), seen(user, c.words))
			}
		}
	}
	for _, scope := range access.Scopes {
		if !slices.Contains(Supported(), scope) {
			say(scope, templates.T("scope.other", "Scope", scope), nil)
		}
	}
	standard := Claims(Supported())
	for _, name := range access.Claims {
		if !slices.Contains(standard, name) {
			say(name, templates.T("scope.own", "Claim", name), user.Claims[name])
		}
	}
	return said
}

// wholly reports whether the access includes a whole scope: the scope itself, or every claim of it.
func wholly(access storage.Access, scope string, claims []claim) bool {
	return slices.Contains(access.Scopes, scope) ||
		len(claims) > 0 && !slices.ContainsFunc(claims, func(c claim) bool { return !slices.Contains(access.Claims, c.name) })
}

// seen returns the value that is shown next to a message: what an app would see of the user.
func seen(user storage.User, words string) any {
	switch words {
	case "scope.email":
		return user.Email
	case "scope.profile", "scope.name":
		return user.Claims["name"]
	}
	return nil
}

func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = textOf(item)
		}
		return strings.Join(texts, ", ")
	}
	return fmt.Sprint(value)
}
