package templates

import (
	"html/template"
	"net/url"
	"strings"
)

var leavingViews = []View{Leaving{}}

// Leaving says where an app that registered itself wants to send the browser, and waits for the person to go on (RFC 9700 section 4.11.2).
type Leaving struct {
	Page
	// NextURL is the registered redirect URI with the parameters of the response.
	NextURL string
	// Fields are the parameters of a response that is sent to NextURL by a form; nil: NextURL is a link.
	Fields url.Values
}

func (Leaving) template() string { return "authorize/leaving.html" }

func (l Leaving) page() Page {
	page := l.Page
	if l.Fields != nil {
		page.FormTargets = []string{l.NextURL}
	}
	return page
}

// Inputs returns the fields, sorted by name.
func (l Leaving) Inputs() []Input { return inputs(l.Fields) }

// Destination returns the host of NextURL, or the scheme of an app on the person's device.
func (l Leaving) Destination() string {
	u, err := url.Parse(l.NextURL)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme + ":"
	}
	return u.Host
}

// Next is NextURL for a link.
func (l Leaving) Next() template.URL { return appURL(l.NextURL) }

// appURL returns a URL of ours, or one that is registered for an app, perhaps with a private-use scheme, which has a dot in it (RFC 8252 section
// 7.1). It returns an empty string for any other.
func appURL(text string) template.URL {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" && u.Scheme != "https" && u.Scheme != "http" && !strings.Contains(u.Scheme, ".") {
		return ""
	}
	return template.URL(text)
}
