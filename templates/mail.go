package templates

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"strings"
	"sync"
	"time"
)

// mailFile frames every mail.
const mailFile = "mail/mail.html"

// Mail is a message to a person. Fields that its kind does not use are zero.
type Mail struct {
	// Kind names the messages mail.KIND_subject, mail.KIND_text and mail.KIND_else; mailKinds lists all.
	Kind    string
	Name    string // of the person; may be empty
	At      time.Time
	Link    string // one-time link
	Expires time.Time
	Count   int
	Address string // e-mail address that the mail is about
	Browser string // as DescribeBrowser returns it
	Network string // shortened client address; may be empty
}

// mailKind is what the mails of a kind have in common.
type mailKind struct {
	link     bool // there is a one-time link, with mail.KIND_button
	account  bool // there is a link to the account page
	plural   bool // mail.KIND_text has plural forms
	stranger bool // it may go to somebody who did not ask for it: it contains no text of the requester's choice, so it has no name
}

var mailKinds = map[string]mailKind{
	"invitation":              {link: true},
	"registration":            {link: true, stranger: true},
	"address_taken":           {account: true},
	"enrol_link":              {link: true},
	"factor_reset":            {link: true},
	"verify_address":          {link: true, stranger: true},
	"email_confirm":           {link: true, stranger: true},
	"email_announced":         {account: true},
	"email_changed":           {},
	"password_reset":          {link: true},
	"password_changed":        {account: true},
	"exposed":                 {account: true, plural: true},
	"factor_closed":           {account: true, plural: true},
	"recovery_code_used":      {account: true, plural: true},
	"recovery_codes_replaced": {account: true},
	"authenticator_added":     {account: true},
	"authenticator_replaced":  {account: true},
	"authenticator_removed":   {account: true},
	"new_browser":             {link: true},
	"account_closed":          {},
}

// MailConfig is what NewMails needs.
type MailConfig struct {
	Brand Brand // Name and Color, as for pages
	// Dir may hold a file that replaces the embedded mail/mail.html.
	Dir string
	// AccountURL is the absolute address of the account page.
	AccountURL string
	Contact    Contact
}

// Mails writes mails. It never changes after NewMails and is safe for concurrent use.
type Mails struct {
	words      *words
	brand      Brand
	accountURL string
	contact    Contact
	style      template.CSS
	frames     map[string]func() (*template.Template, error) // by language tag
}

// NewMails returns Mails, or an error that names the file at fault.
func NewMails(cfg MailConfig) (*Mails, error) {
	cfg.Brand = cfg.Brand.complete()
	color, err := parseHex(cfg.Brand.Color)
	if err != nil {
		return nil, fmt.Errorf("brand color: %w", err)
	}
	m := &Mails{
		words: newWords(cfg.Brand.Name), brand: cfg.Brand, accountURL: cfg.AccountURL, contact: cfg.Contact, style: mailStyle(color),
		frames: make(map[string]func() (*template.Template, error)),
	}
	for _, l := range Languages() {
		m.frames[l.Tag] = sync.OnceValues(func() (*template.Template, error) {
			frame := template.New("").Funcs(m.funcs(l))
			return frame, parseFile(frame, cfg.Dir, mailFile)
		})
	}
	_, err = m.Write("en", Mail{Kind: "invitation"}) // as with pages, a bad replacement is an error now
	return m, err
}

func (m *Mails) funcs(l Language) template.FuncMap {
	return template.FuncMap{
		"t":       func(key string, pairs ...any) (template.HTML, error) { return m.words.html(l.Tag, T(key, pairs...)) },
		"say":     func(t Text) (template.HTML, error) { return m.words.html(l.Tag, t) },
		"brand":   func() Brand { return m.brand },
		"contact": func() Contact { return m.contact },
	}
}

// mailStyle has the brand's colours for both schemes: mail programs know media queries, if anything, but no light-dark().
func mailStyle(color rgb) template.CSS {
	light, dark := color.darken(lightSurface, lightContrast), color.lighten(darkSurface, darkContrast)
	return template.CSS(fmt.Sprintf(`a { color: %s }
.button { background: %[1]s; color: %s }
@media (prefers-color-scheme: dark) {
body { background: %s; color: #ecebe7 }
a { color: %s }
.button { background: %[4]s; color: %s }
}`, light, textOn(light), darkSurface, dark, textOn(dark)))
}

// Letter is a mail as it is sent.
type Letter struct {
	Language string // BCP 47
	Subject  string // one line
	Text     string
	HTML     string
}

// letter is what the template gets.
type letter struct {
	Language
	Style                              template.CSS
	Subject, Hello, What, Button, Else Text
	Link                               string // one-time address, with Until
	Until                              Text
	Account                            string // address of the account page
}

// Write returns mail in the language of a locale (BCP 47), or in English if that is not one of [Languages].
func (m *Mails) Write(locale string, mail Mail) (Letter, error) {
	kind, ok := mailKinds[mail.Kind]
	if !ok {
		return Letter{}, fmt.Errorf("no mail is called %q", mail.Kind)
	}
	language, _ := MatchLanguage(locale)
	l, err := m.letter(language, kind, mail)
	if err != nil {
		return Letter{}, fmt.Errorf("mail %s: %w", mail.Kind, err)
	}
	frame, err := m.frames[l.Tag]()
	if err != nil {
		return Letter{}, err
	}
	var html bytes.Buffer
	if err := frame.ExecuteTemplate(&html, mailFile, l); err != nil {
		return Letter{}, fmt.Errorf("mail %s: %w", mail.Kind, err)
	}
	subject, err := m.plain(l, l.Subject)
	if err != nil {
		return Letter{}, fmt.Errorf("mail %s: %w", mail.Kind, err)
	}
	text, err := m.text(l)
	if err != nil {
		return Letter{}, fmt.Errorf("mail %s: %w", mail.Kind, err)
	}
	return Letter{Language: l.Tag, Subject: oneLine(subject), Text: text, HTML: html.String()}, nil
}

func (m *Mails) letter(language Language, kind mailKind, mail Mail) (letter, error) {
	key := "mail." + mail.Kind
	browser, err := m.browser(language, mail.Browser)
	if err != nil {
		return letter{}, err
	}
	values := []any{
		"At", instant(mail.At), "Address", oneLine(mail.Address), "Browser", browser, "Network", cmp.Or(oneLine(mail.Network), "–"),
	}
	l := letter{Language: language, Style: m.style, Subject: T(key + "_subject"), Hello: T("mail.hello"), What: T(key+"_text", values...), Else: T(key + "_else")}
	if name := oneLine(mail.Name); name != "" && !kind.stranger {
		l.Hello = T("mail.hello_name", "Name", name)
	}
	if kind.plural {
		l.What = N(key+"_text", mail.Count, values...)
	}
	if kind.link {
		l.Link, l.Button, l.Until = mail.Link, T(key+"_button"), T("mail.until", "Until", instant(mail.Expires))
	}
	if kind.account {
		l.Account, l.Button = m.accountURL, T("mail.account_button")
	}
	return l, nil
}

// browser returns the message for a result of DescribeBrowser.
func (m *Mails) browser(language Language, description string) (string, error) {
	text := BrowserText(description)
	if text.Key == "" {
		text = T("browser.unknown")
	}
	said, err := m.words.say(language.Tag, text)
	return noMarks.Replace(said), err
}

// instant writes a time for readers of every language.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// oneLine keeps a value from adding paragraphs, or lines to a header.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// text is the letter for programs that show no HTML.
func (m *Mails) text(l letter) (string, error) {
	var out strings.Builder
	var failed error
	add := func(t Text, more string) {
		text, err := m.plain(l, t)
		if err != nil && failed == nil {
			failed = err
		}
		out.WriteString(text + more + "\n\n")
	}
	add(l.Hello, "")
	add(l.What, "")
	if l.Link != "" {
		out.WriteString(l.Link + "\n\n")
		add(l.Until, "")
	}
	add(l.Else, "")
	if l.Account != "" {
		add(T("mail.account"), "\n"+l.Account)
	}
	if m.contact.Any() {
		add(T("common.help"), "\n"+strings.TrimSpace(m.contact.Email+"\n"+m.contact.HelpURL))
	}
	add(T("common.never_asks"), "")
	return strings.TrimSuffix(out.String(), "\n"), failed
}

// plain returns t as text; the marks around values stay where they are needed.
func (m *Mails) plain(l letter, t Text) (string, error) {
	text, err := m.words.say(l.Tag, t)
	if l.Dir == "ltr" {
		text = noMarks.Replace(text)
	}
	return text, err
}
