package templates

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Page is what all views share. Every field may be left empty, and every
// string is plain text: the templates escape it.
type Page struct {
	// App is the relying app this page belongs to; zero when there is none.
	App App
	// Action is the address the page's form posts to. Empty: the address of
	// the page itself, with its query.
	Action string
	// Error is what is wrong with the form, in a sentence or two. It is shown
	// beside the field and announced; the title then starts with "Error:".
	Error Text
	// FormTargets are URLs outside Postern at which the form's redirects
	// may end: the redirect URI of the request in progress. Only their origin
	// is used, for the Content-Security-Policy.
	FormTargets []string

	logos  []string // of other apps than App
	frames []string // addresses of apps that are shown in frames
	nonce  string   // of the only script that may run; empty: scripts of our own origin
}

// Nonce is the nonce of the page's script, empty on most pages.
func (p Page) Nonce() string { return p.nonce }

func (p Page) page() Page { return p }

// App is a relying app as shown to people.
type App struct {
	Name string
	// Logo is an https address. A logo from anywhere else is not shown.
	Logo string
	// PolicyURL and TermsURL are the addresses of the app's privacy policy and
	// terms of service, shown on the sign-in and consent pages.
	PolicyURL, TermsURL string
	// BackURL is where "Go back to APP" leads: an http or https URL that is
	// registered for the client, never one that came with a request. StartURL
	// begins a sign-in anew.
	BackURL, StartURL string
}

// SafeLogo returns Logo if it is an https URL, or else "".
func (a App) SafeLogo() string {
	if !strings.HasPrefix(a.Logo, "https://") {
		return ""
	}
	return a.Logo
}

// Back returns BackURL if a browser can follow it, else an empty string.
func (a App) Back() string { return followed(a.BackURL) }

// Start returns the URL at which the app begins a new request: StartURL or else BackURL, if a browser can follow it, or else "".
func (a App) Start() string { return cmp.Or(followed(a.StartURL), a.Back()) }

func followed(address string) string {
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return ""
	}
	return address
}

// Initial returns the letter that replaces a missing logo.
func (a App) Initial() string { return initial(a.Name) }

// Person is the account a page is shown to.
type Person struct {
	Name  string
	Email string
}

// Initial returns the letter that replaces a portrait.
func (p Person) Initial() string { return initial(p.Name + p.Email) }

// initial returns the first letter or digit of name in upper case; "?" for a
// name without any.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "?"
}

// allViews lists every view once, empty: what is listed beside them in pages_*.go.
func allViews() []View {
	return slices.Concat(
		signInViews, arriveViews, enrollViews, consentViews, deviceViews,
		framesViews, accountViews, profileViews, accessViews, factorsViews, formPostViews, leavingViews,
		[]View{Message{}, ErrorPage{}},
	)
}

// WaitMessage returns the message about a throttled attempt. It does not say
// whether the attempt was right. wait is rounded up to whole minutes.
func WaitMessage(wait time.Duration) Text {
	return N("error.wait", max(int((wait+time.Minute-1)/time.Minute), 1))
}

// Message says one thing and offers one link, as in "This link has expired".
type Message struct {
	Page
	Title, Text Text
	// LinkURL and LinkText are the link. Empty: back to the app when there is
	// one, else to the account page.
	LinkURL  string
	LinkText Text
	// Strength says how strong a password is that was just chosen, as
	// StrengthText does.
	Strength Text
}

func (Message) template() string { return "message.html" }

// ErrorPage is the page for an error that the person cannot correct in a form.
type ErrorPage struct {
	Page
	// Status is the HTTP status, shown small.
	Status int
	Title  Text
	// Message says what happened, Advice what to do about it.
	Message, Advice Text
	// Details are values worth quoting, such as the redirect URI received.
	Details []Detail
	// LinkURL and LinkText are the link. Empty: as in Message.
	LinkURL  string
	LinkText Text
	// SupportCode is set by Handle and Recover.
	SupportCode string
}

func (ErrorPage) template() string { return "error.html" }

// Detail is one labelled value on an error page.
type Detail struct {
	Label Text
	Value string
}
