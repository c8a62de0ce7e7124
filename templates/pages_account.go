package templates

// AccountPage is what the pages about the account of a signed-in person share.
// Their templates begin with {{template "account-nav" .}}.
type AccountPage struct {
	Page
	Person Person
	// Section is which page it is: the last part of its address, such as
	// "password"; empty for /account itself.
	Section string
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
