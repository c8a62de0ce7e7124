package relyingparty

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
)

// problem is an error in words for the person at the browser.
type problem struct {
	Status int // of the HTTP response
	Title  string
	Text   string
	// The provider's error, if it sent one: RFC 6749 sections 4.1.2.1 and 5.2.
	Code, Description string
}

func (p *problem) Error() string {
	if p.Code != "" {
		return fmt.Sprintf("%s: %s %s", p.Title, p.Code, p.Description)
	}
	return p.Title + ": " + p.Text
}

var (
	errNotFound = &problem{
		Status: http.StatusNotFound, Title: "No such page", Text: "This app has a single page.",
	}
	// errUnknownState says that the answer does not belong to a sign-in of this
	// browser. It may be old, or somebody else's: RFC 6749 section 10.12.
	errUnknownState = &problem{
		Status: http.StatusBadRequest, Title: "This answer does not belong to a sign-in",
		Text: "This browser began no sign-in with this state, or the state was used before. Please sign in again.",
	}
	errNotSignedIn = &problem{
		Status: http.StatusForbidden, Title: "You are not signed in", Text: "The app's session has ended.",
	}
	errNoRefreshToken = &problem{
		Status: http.StatusBadRequest, Title: "There is nothing to refresh with", Text: "The provider issued no refresh token.",
	}
)

func unreachable(issuer string, err error) *problem {
	return &problem{
		Status: http.StatusBadGateway, Title: "The provider does not answer",
		Text: fmt.Sprintf("Discovery at %s failed: %v", issuer, err),
	}
}

func wrongIssuer(want, got string) *problem {
	return &problem{
		Status: http.StatusBadRequest, Title: "This answer is not from the provider",
		Text: fmt.Sprintf("Its iss parameter should be %q but is %q.", want, got),
	}
}

// refused returns the problem for an error from the authorization endpoint.
func refused(answer url.Values) *problem {
	return &problem{
		Status: http.StatusForbidden, Title: "The provider did not sign you in",
		Code: answer.Get("error"), Description: answer.Get("error_description"),
	}
}

// tokenProblem returns the problem for a failed request to the token endpoint.
func tokenProblem(err error) *problem {
	p := &problem{Status: http.StatusBadGateway, Title: "The provider issued no tokens"}
	if answer, ok := errors.AsType[*oauth2.RetrieveError](err); ok && answer.ErrorCode != "" {
		p.Code, p.Description = answer.ErrorCode, answer.ErrorDescription
	} else {
		p.Text = err.Error()
	}
	return p
}

func invalidIDToken(fault string) *problem {
	return &problem{Status: http.StatusBadGateway, Title: "The ID token is not valid", Text: fault}
}

func invalidUserInfo(fault string) *problem {
	return &problem{Status: http.StatusBadGateway, Title: "The userinfo answer cannot be used", Text: fault}
}
