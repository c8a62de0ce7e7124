package authorize

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
)

// quoted puts texts of several words in quotes, for the log.
func quoted(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = strconv.Quote(text)
	}
	return list
}

// responseModeOf returns the response mode for the answer to a request, even for an error and however wrong the rest of the request is. Tokens are
// never in a query, where servers would log them. ok is false if the request asks for a mode that its response type does not allow.
func responseModeOf(form url.Values, c *client.Client, redirectURI string) (mode string, ok bool) {
	types, _ := oauth.ReadResponseTypes(form.Get("response_type"))
	standard := oauth.ModeQuery // also when the response type is missing or unknown
	// An app that supports the code flow alone looks for errors in the query only.
	if types.Front() && slices.Contains(c.GrantTypes, client.GrantImplicit) {
		standard = oauth.ModeFragment
	}
	switch mode = form.Get("response_mode"); {
	case mode == "":
		return standard, true
	case mode == oauth.ModeFragment, mode == oauth.ModeFormPost && strings.HasPrefix(redirectURI, "http"), mode == oauth.ModeQuery && standard == oauth.ModeQuery:
		return mode, true
	}
	return standard, false
}
