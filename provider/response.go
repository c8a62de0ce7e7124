package provider

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-id/postern/provider/client"
)

// responseTypes is what an authorization response brings (OAuth 2.0 Multiple Response Types section 5, OIDC Core section 3).
type responseTypes struct{ code, token, idToken bool }

// responseTypesOf reads response_type, a list in any order; ok is false for anything but the six of OpenID Connect.
func responseTypesOf(text string) (types responseTypes, ok bool) {
	words := strings.Split(text, " ")
	for _, word := range words {
		switch word {
		case "code":
			types.code = true
		case "token":
			types.token = true
		case "id_token":
			types.idToken = true
		default:
			return responseTypes{}, false
		}
	}
	canonical := types.String()
	return types, len(strings.Fields(canonical)) == len(words) && slices.Contains(client.ResponseTypes(), canonical)
}

// String returns the types in the order in which clients register them.
func (t responseTypes) String() string {
	var words []string
	for _, one := range []struct {
		is   bool
		word string
	}{{t.code, "code"}, {t.idToken, "id_token"}, {t.token, "token"}} {
		if one.is {
			words = append(words, one.word)
		}
	}
	return strings.Join(words, " ")
}

// quoted puts texts of several words in quotes, for the log.
func quoted(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = strconv.Quote(text)
	}
	return list
}

// front reports whether tokens pass through the browser.
func (t responseTypes) front() bool { return t.token || t.idToken }

// Response modes (OAuth 2.0 Multiple Response Types section 2.1, OAuth 2.0 Form Post Response Mode).
const (
	modeQuery    = "query"
	modeFragment = "fragment"
	modeFormPost = "form_post"
)

// responseModes are those that discovery announces.
var responseModes = []string{modeQuery, modeFragment, modeFormPost}

// responseModeOf says how the answer to a request travels, an error included, however wrong the rest of the request is. Tokens never
// stand in a query, where servers would log them. ok is false for a mode that this response type does not allow.
func responseModeOf(form url.Values, c *client.Client, redirectURI string) (mode string, ok bool) {
	types, _ := responseTypesOf(form.Get("response_type"))
	standard := modeQuery // also where the response type is missing or unknown: there is none that would say otherwise
	// An app that knows the code flow alone looks for errors in the query and nowhere else.
	if types.front() && slices.Contains(c.GrantTypes, client.GrantImplicit) {
		standard = modeFragment
	}
	switch mode = form.Get("response_mode"); {
	case mode == "":
		return standard, true
	case mode == modeFragment, mode == modeFormPost && strings.HasPrefix(redirectURI, "http"), mode == modeQuery && standard == modeQuery:
		return mode, true
	}
	return standard, false
}
