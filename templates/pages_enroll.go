package templates

import (
	"html/template"
	"net/url"
	"strings"
	"time"
)

var enrollViews = []View{Invitation{}, Enroll{}, RecoveryCodes{}, EnrollNeeded{}}

// Invitation asks an invited person for a password, in the field
// "new_password".
type Invitation struct {
	Page
	// Returning is for a person who had set up the account before.
	Returning bool
	// Username is the name to sign in with; it stands in a read-only field
	// "username" so that a password manager stores both together.
	Username string
	// MinLength is the shortest password accepted, in characters.
	MinLength int
}

func (Invitation) template() string { return "login/invite.html" }

// Setup is a new authenticator secret in three forms, and a form for a code
// made with it, in the field "code".
type Setup struct {
	// ID, when set, comes back in the hidden field "enrolment".
	ID string
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
	// Name. NameWrong says that the page's Error is about the name.
	AskName   bool
	Name      string
	NameWrong bool
}

// KeyText is the key without its spaces, for the copy button.
func (s Setup) KeyText() string { return strings.Join(s.Key, "") }

// Enroll sets up the first authenticator, or one after a recovery code.
type Enroll struct {
	Page
	Setup
	// SkipURL continues without a new authenticator. It is set for a person who has just signed in with a recovery code; the page then says
	// what that means.
	SkipURL string
	// Must says that the person cannot continue without a new authenticator: the recovery code was the last one or, with Renews, the key of
	// the current authenticator is short. SignOutURL signs out instead.
	Must, Renews bool
	SignOutURL   string
}

func (Enroll) template() string { return "login/enroll.html" }

// Sheet is a set of recovery codes for the person to keep.
type Sheet struct {
	// Account is the e-mail address or user name the codes belong to.
	Account string
	// Codes as they are to be kept, such as "K7QPM-4XWVD".
	Codes []string
	// MadeAt is when they were made; only the day is shown.
	MadeAt time.Time
}

// RecoveryCodes shows the codes of a new authenticator once. Its form has the
// checkbox "saved" (value "yes").
type RecoveryCodes struct {
	Page
	Sheet
}

func (RecoveryCodes) template() string { return "login/codes.html" }

// CodesText returns the codes, one on each line.
func (s Sheet) CodesText() string { return strings.Join(s.Codes, "\n") }

// Printed returns the message that says for which account of which service the codes are.
func (s Sheet) Printed() Text { return T("codes.printed", "Account", s.Account) }

// Made returns the message that says when the codes were made, because only the newest sheet is valid.
func (s Sheet) Made() Text { return T("codes.made", "Date", s.MadeAt.UTC().Format(time.DateOnly)) }

// sheetFile returns a data: address of a text file with the codes. The browser
// makes the file from the page, so the codes need no second request and no
// place on the server.
func (w *words) sheetFile(l Language, s Sheet) (template.URL, error) {
	var lines []string
	for _, t := range []Text{s.Printed(), s.Made()} {
		line, err := w.say(l.Tag, t)
		if err != nil {
			return "", err
		}
		if l.Dir == "ltr" {
			line = noMarks.Replace(line)
		}
		lines = append(lines, line)
	}
	lines = append(append(lines, ""), s.Codes...)
	return template.URL("data:text/plain;charset=utf-8," + url.PathEscape(strings.Join(lines, "\r\n")+"\r\n")), nil
}

// EnrollNeeded tells a person who typed the right password, but has no
// authenticator, that only an invitation can add one. With an Action, its
// button mails a new invitation.
type EnrollNeeded struct {
	Page
	// Sent says that an invitation was mailed.
	Sent bool
	// RestartURL signs in as somebody else.
	RestartURL string
}

func (EnrollNeeded) template() string { return "login/enrollneeded.html" }
