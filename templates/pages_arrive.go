package templates

var arriveViews = []View{SignUp{}, Reset{}, NewPassword{}, Confirm{}, PasswordPage{}, EmailPage{}}

// SignUp is the sign-up form, with the fields "email" and "name".
type SignUp struct {
	Page
	// Email and Name are what was typed before.
	Email, Name string
	// AboutName says that Error is about the name, not about the e-mail address.
	AboutName bool
	// SignInURL is for people who have an account already.
	SignInURL string
}

func (SignUp) template() string { return "login/register.html" }

// Reset asks whose password was forgotten, in the field "username".
type Reset struct {
	Page
	// Username is what was typed before.
	Username string
	// SignInURL leads back.
	SignInURL string
}

func (Reset) template() string { return "login/reset.html" }

// NewPassword asks for a password, in the field "new_password", where the
// person has no password yet, or one that is no longer good.
type NewPassword struct {
	Page
	// Title and Lead say what it is for.
	Title, Lead Text
	// Username is the name to sign in with; it stands in a read-only field
	// "username" so that a password manager stores both together.
	Username string
	// MinLength is the shortest password accepted, in characters.
	MinLength int
	// SignOutURL is for another person than Username. It may be empty.
	SignOutURL string
}

func (NewPassword) template() string { return "login/newpassword.html" }

// Confirm asks for the press of a button, because a link alone may be followed
// by a program.
type Confirm struct {
	Page
	Title, Text, Button Text
}

func (Confirm) template() string { return "login/confirm.html" }

// PasswordPage changes the password of a signed-in person: the present one in
// the field "password", the new one in "new_password".
type PasswordPage struct {
	AccountPage
	// AboutNew says that Error is about the new password, not about the
	// present one.
	AboutNew bool
	// MinLength is the shortest password accepted, in characters.
	MinLength int
	// Strength is that of the password that was just chosen, as in Message.
	Strength Text
}

func (PasswordPage) template() string { return "account/password.html" }

// EmailPage changes and confirms the e-mail address, with a new one in the field
// "email", or gives the change up. The field "do" says which of its forms was
// sent: "change", "cancel" or "verify".
type EmailPage struct {
	AccountPage
	// Email is what was typed before as the new address.
	Email string
	// Verified says that the present address is known to be the person's.
	Verified bool
	// Waiting is the new address that waits to be confirmed; it may be empty.
	Waiting string
}

func (EmailPage) template() string { return "account/email.html" }
