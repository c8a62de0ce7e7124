package templates

import "time"

var accountViews = []View{Home{}, Data{}, Close{}, Closed{}}

// AccountPage is what the account pages share.
// Their templates begin with {{template "account-nav" .}}.
type AccountPage struct {
	Page
	Person Person
	// Section is the last part of the page's path, such as "password"; empty for /account itself.
	Section string
	// Done is the message about what was just done, or the zero Text.
	Done Text
	// FormKey comes back in the field "shown" of each form, and ties the form
	// to this person.
	FormKey string
}

// Section is a link of the navigation.
type Section struct {
	Path    string // below the issuer
	Name    Text
	Current bool
}

// Sections lists the pages about the account.
func (p AccountPage) Sections() []Section {
	sections := []Section{{Path: "/account", Name: T("account.nav_overview"), Current: p.Section == ""}}
	for _, name := range []string{"profile", "email", "password", "authenticators", "codes", "sessions", "apps", "activity", "data", "close"} {
		sections = append(sections, Section{Path: "/account/" + name, Name: T("account.nav_" + name), Current: p.Section == name})
	}
	return sections
}

// Home is the overview of an account. Its form signs out.
type Home struct {
	AccountPage
	// Exposed says that somebody else knows the password.
	Exposed           bool
	PasswordChangedAt time.Time // zero: there is no password
	Authenticators    int
	// RecoveryCodesLeft warns when it is 3 or less.
	RecoveryCodesLeft int
	// EmailVerified says that the e-mail address is known to be the person's,
	// EmailChanging that a new one waits to be confirmed.
	EmailVerified, EmailChanging bool
	Sessions, Apps               int
}

func (Home) template() string { return "account/home.html" }

// Data offers the person's own data for download; its form has nothing but a
// button.
type Data struct{ AccountPage }

func (Data) template() string { return "account/data.html" }

// Close asks whether to close the account, with the checkbox "understood"
// (value "yes").
type Close struct{ AccountPage }

func (Close) template() string { return "account/close.html" }

// Closed confirms that the account was deleted.
type Closed struct{ Page }

func (Closed) template() string { return "account/closed.html" }
