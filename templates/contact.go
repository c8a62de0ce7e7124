package templates

// Contact says where people get help, and what the operator publishes about the
// service. An empty field is not shown.
type Contact struct {
	// Email and HelpURL are shown where help is promised, in mails too, and at
	// the foot of every page.
	Email, HelpURL string
	// ImprintURL, PrivacyURL and TermsURL are shown at the foot of every page.
	ImprintURL, PrivacyURL, TermsURL string
}

// Any reports whether there is a way to get help.
func (c Contact) Any() bool { return c.Email != "" || c.HelpURL != "" }
