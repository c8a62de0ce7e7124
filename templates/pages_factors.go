package templates

import "time"

var factorsViews = []View{Authenticators{}, NewAuthenticator{}, RenameAuthenticator{}, RemoveAuthenticator{}, CodesLeft{}, NewCodes{}}

// Authenticators lists a person's authenticators, each with links to rename,
// replace and remove it.
type Authenticators struct {
	AccountPage
	Authenticators []Authenticator
	// Full says that no further authenticator can be added.
	Full bool
}

func (Authenticators) template() string { return "account/authenticators.html" }

// Only reports whether there is a single authenticator, which can be replaced
// but not removed.
func (a Authenticators) Only() bool { return len(a.Authenticators) == 1 }

// Authenticator is one of them.
type Authenticator struct {
	ID         string
	Name       string // may be empty
	AddedAt    time.Time
	LastUsedAt time.Time // zero: never since it was added
}

// NewAuthenticator sets up a further authenticator, or one that replaces
// another.
type NewAuthenticator struct {
	AccountPage
	Setup
	Replaces []Authenticator // the one to replace; empty: a further one is added
}

func (NewAuthenticator) template() string { return "account/newauthenticator.html" }

// RenameAuthenticator asks for another name, in the field "name".
type RenameAuthenticator struct {
	AccountPage
	Name string
}

func (RenameAuthenticator) template() string { return "account/renameauthenticator.html" }

// RemoveAuthenticator asks whether to remove an authenticator; its form has
// nothing but a button.
type RemoveAuthenticator struct {
	AccountPage
	Authenticator Authenticator
}

func (RemoveAuthenticator) template() string { return "account/removeauthenticator.html" }

// CodesLeft says how many recovery codes there are; its form makes new ones.
type CodesLeft struct {
	AccountPage
	Left int
}

func (CodesLeft) template() string { return "account/codes.html" }

// NewCodes shows new recovery codes once. Its form has the checkbox "saved"
// (value "yes"), and the id of the set in the hidden field "set".
type NewCodes struct {
	AccountPage
	Sheet
	ID string
}

func (NewCodes) template() string { return "account/newcodes.html" }
