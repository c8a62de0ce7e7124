package templates

import (
	"html/template"
	"net/url"
	"strings"
	"time"
)

// Invitation asks an invited person for a password, in the field
// "new_password".
type Invitation struct {
	Page
	// Username is the name to sign in with; it stands in a read-only field
	// "username" so that a password manager stores both together.
	Username string
	// MinLength is the shortest password accepted, in characters.
	MinLength int
}

func (Invitation) template() string { return "login/invite.html" }

// Enroll shows a new authenticator secret in three forms and asks for a code
// made with it, in the field "code".
type Enroll struct {
	Page
	// Issuer and Account are the two names the authenticator app will show.
	Issuer, Account string
	// QR is the enrolment address as an <svg> element that Postern drew.
	QR template.HTML
	// URI is the otpauth:// address that Postern built.
	URI template.URL
	// Key is the secret in base32, in groups of four characters.
	Key []string
	// Algorithm ("SHA1"), Digits and Period (in seconds) are shown to those
	// who type the key.
	Algorithm      string
	Digits, Period int
	// ServerTime is shown with Error, as in Code.
	ServerTime time.Time
	// AskName shows the field "name" for the authenticator's name, filled with
	// Name.
	AskName bool
	Name    string
	// SkipURL goes on without a new authenticator. It is set for who has just
	// signed in with a recovery code; the page then says what that means.
	SkipURL string
}

func (Enroll) template() string { return "login/enroll.html" }

// KeyText is the key without its spaces, for the copy button.
func (e Enroll) KeyText() string { return strings.Join(e.Key, "") }

// RecoveryCodes shows new recovery codes once. Its form has the checkbox
// "saved" (value "yes").
type RecoveryCodes struct {
	Page
	// Account is the e-mail address or user name the codes belong to.
	Account string
	// Codes as they are to be kept, such as "K7QPM-4XWVD".
	Codes []string
}

func (RecoveryCodes) template() string { return "login/codes.html" }

// CodesText is the codes, one a line.
func (r RecoveryCodes) CodesText() string { return strings.Join(r.Codes, "\n") }

// Download is a data: address of a text file with the codes. The browser
// makes the file from the page, so the codes need no second request and no
// place on the server.
func (r RecoveryCodes) Download() template.URL {
	text := r.Account + "\r\n\r\n" + strings.Join(r.Codes, "\r\n") + "\r\n"
	return template.URL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}

// EnrollNeeded tells a person with a right password, but without an
// authenticator, that only an invitation can add one.
type EnrollNeeded struct {
	Page
	// RestartURL signs in as somebody else.
	RestartURL string
}

func (EnrollNeeded) template() string { return "login/enrollneeded.html" }
