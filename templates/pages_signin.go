package templates

import "time"

var signInViews = []View{SignIn{}, Code{}, Recovery{}, Expired{}, SignOut{}, SignedOut{}}

// SignIn asks for user name and password, in the fields "username" and
// "password".
type SignIn struct {
	Page
	// Username is what was typed before, or the login_hint.
	Username string
	// Again says that the person is signed in, but too long ago for what they
	// are about to do.
	Again bool
	// OfferRemember shows the checkbox "remember" (value "yes"), which
	// Remember ticks.
	OfferRemember, Remember bool
	// ResetURL and RegisterURL lead to "Forgot your password?" and "Create an
	// account"; the links are left out when empty.
	ResetURL, RegisterURL string
	// CancelURL gives up the request in progress and returns to the app.
	CancelURL string
}

func (SignIn) template() string { return "login/signin.html" }

// Code asks for the six digits of the authenticator, in the field "code".
type Code struct {
	Page
	// Username is the account whose password was just accepted.
	Username string
	// Issuer is the name under which the authenticator app lists the account.
	Issuer string
	// Digits is how many digits the person's authenticators show. The form is
	// sent by itself once that many are typed. Leave it 0 when they differ.
	Digits int
	// ServerTime is shown together with Error and advice to wait for the next
	// code and to check the phone's clock. Leave it zero when Error is about
	// something else, such as WaitMessage.
	ServerTime time.Time
	// Authenticators are the authenticators whose codes are accepted. A single
	// one is named if it has a name; several are listed.
	Authenticators []Authenticator
	// RecoveryURL leads to the page for recovery codes.
	RecoveryURL string
	// RestartURL signs in as somebody else.
	RestartURL string
	// CancelURL gives up the request in progress and returns to the app.
	CancelURL string
}

// Named returns the name of the only authenticator. It is empty when there are
// several, when the authenticator has no name, and when its name is that of the
// service, as with imported authenticators.
func (c Code) Named() string {
	if len(c.Authenticators) != 1 || c.Authenticators[0].Name == c.Issuer {
		return ""
	}
	return c.Authenticators[0].Name
}

func (Code) template() string { return "login/code.html" }

// Recovery asks for a recovery code, in the field "recovery_code".
type Recovery struct {
	Page
	// Username is the account whose password was just accepted.
	Username string
	// CodeURL leads back to the page for authenticator codes.
	CodeURL string
	// CancelURL gives up the request in progress and returns to the app.
	CancelURL string
}

func (Recovery) template() string { return "login/recovery.html" }

// Expired says that the request in progress is over, and how to begin anew.
type Expired struct {
	Page
	// SignedIn says that the person is signed in nevertheless.
	SignedIn bool
	// AgainURL is where to begin anew when there is no app.
	AgainURL string
}

func (Expired) template() string { return "login/expired.html" }

// SignOut asks whether to sign out; its form has nothing but a button.
type SignOut struct {
	Page
	Person Person
	// StayURL leaves the page without signing out. Empty: the account page.
	StayURL string
}

func (SignOut) template() string { return "logout/confirm.html" }

// SignedOut confirms that the session has ended.
type SignedOut struct {
	Page
}

func (SignedOut) template() string { return "logout/done.html" }
