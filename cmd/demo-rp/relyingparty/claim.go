package relyingparty

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// claimView is a row in a table of claims.
type claimView struct {
	Name, Value, Meaning string
}

// explained are the claims that the tables show first, in this order and with
// an explanation. All others follow, sorted by name.
var explained = []struct{ name, meaning string }{
	{"sub", "Who you are: it never changes and is never given to another person"},
	{"name", "Your full name"},
	{"given_name", "Your given name"},
	{"family_name", "Your family name"},
	{"preferred_username", "What you like to be called; may change"},
	{"email", "Your e-mail address; may change"},
	{"email_verified", "Whether the provider has checked the address"},
	{"groups", "The groups you belong to"},
	{"auth_time", "When you last proved who you are at the provider"},
	{"amr", "How you proved it: pwd is a password, otp a one-time code, mfa more than one factor"},
	{"acr", "How strong that proof is, in the provider's own terms"},
	{"iss", "The provider that issued the token"},
	{"aud", "The app for which the token is meant"},
	{"azp", "The app to which the token was issued"},
	{"iat", "When the token was issued"},
	{"exp", "When the token stops being valid"},
	{"nonce", "Binds the token to the sign-in that this browser began"},
	{"sid", "Your session at the provider"},
	{"at_hash", "Binds the token to the access token"},
	{"updated_at", "When your profile was last changed"},
}

// view returns the claims as rows of a table.
func (c claims) view() []claimView {
	var rows []claimView
	left := maps.Clone(c)
	for _, e := range explained {
		if raw, ok := left[e.name]; ok {
			rows = append(rows, claimView{Name: e.name, Value: display(e.name, raw), Meaning: e.meaning})
			delete(left, e.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		rows = append(rows, claimView{Name: name, Value: display(name, left[name])})
	}
	return rows
}

// display returns a value as text for people: a time with its number, an array
// of strings as a list, a string without its quotes, and anything else as JSON.
func display(name string, raw json.RawMessage) string {
	switch name {
	case "auth_time", "iat", "exp", "nbf", "updated_at":
		if at := instant(raw); at != "" {
			return at + " (" + string(raw) + ")"
		}
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, ", ")
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return string(raw)
	}
	return compact.String()
}

// instant returns a NumericDate (RFC 7519 section 2) as text, or "" for
// anything else.
func instant(raw json.RawMessage) string {
	var seconds int64
	if len(raw) == 0 || json.Unmarshal(raw, &seconds) != nil {
		return ""
	}
	return clock(time.Unix(seconds, 0))
}
