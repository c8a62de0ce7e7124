package oauth

import (
	"slices"
	"strings"

	"github.com/postern-id/postern/provider/client"
)

// ResponseTypes says what an authorization response contains (OAuth 2.0 Multiple Response Types section 5, OIDC Core section 3).
type ResponseTypes struct{ Code, Token, IDToken bool }

// ReadResponseTypes reads the parameter response_type, whose words may be in any order. ok is false unless it is one of the six response types of
// OpenID Connect.
func ReadResponseTypes(text string) (types ResponseTypes, ok bool) {
	words := strings.Split(text, " ")
	for _, word := range words {
		switch word {
		case "code":
			types.Code = true
		case "token":
			types.Token = true
		case "id_token":
			types.IDToken = true
		default:
			return ResponseTypes{}, false
		}
	}
	canonical := types.String()
	return types, len(strings.Fields(canonical)) == len(words) && slices.Contains(client.ResponseTypes(), canonical)
}

// String returns the types in the order in which clients register them.
func (t ResponseTypes) String() string {
	var words []string
	for _, one := range []struct {
		is   bool
		word string
	}{{t.Code, "code"}, {t.IDToken, "id_token"}, {t.Token, "token"}} {
		if one.is {
			words = append(words, one.word)
		}
	}
	return strings.Join(words, " ")
}

// Front reports whether the response contains tokens, which then pass through the browser.
func (t ResponseTypes) Front() bool { return t.Token || t.IDToken }

// Response modes (OAuth 2.0 Multiple Response Types section 2.1, OAuth 2.0 Form Post Response Mode).
const (
	ModeQuery    = "query"
	ModeFragment = "fragment"
	ModeFormPost = "form_post"
)

// ResponseModes returns the modes that the authorization endpoint supports.
func ResponseModes() []string { return []string{ModeQuery, ModeFragment, ModeFormPost} }
