package mail

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/postern-id/postern/storage"
)

//go:embed texts/*.txt
var texts embed.FS

// Config is what New needs.
type Config struct {
	Store *storage.Store // required
	Brand string         // name of the service; default Postern
	// AccountURL is the absolute address of the account page. Required.
	AccountURL string
}

// Notices renders messages as plain text and queues them. It satisfies account.Notices.
type Notices struct {
	store      *storage.Store
	brand      string
	accountURL string
	texts      *template.Template
}

// New parses the texts.
func New(cfg Config) (*Notices, error) {
	if cfg.Store == nil || cfg.AccountURL == "" {
		return nil, errors.New("mail.New: Store and AccountURL are required")
	}
	if cfg.Brand == "" {
		cfg.Brand = "Postern"
	}
	parsed, err := template.New("").Option("missingkey=error").ParseFS(texts, "texts/*.txt")
	if err != nil {
		return nil, fmt.Errorf("parse mail texts: %w", err)
	}
	return &Notices{store: cfg.Store, brand: cfg.Brand, accountURL: cfg.AccountURL, texts: parsed}, nil
}

// message is what the texts can use.
type message struct {
	Brand      string
	AccountURL string
	Name       string // of the person; may be empty
	At         string // when it happened
	Link       string // of an invitation
	Expires    string // when the link does
	Failures   int    // wrong codes in a row
	Closed     bool   // the factor, by them
	Left       int    // recovery codes
	Replaced   bool   // all earlier authenticators
}

// Invitation implements account.Notices.
func (n *Notices) Invitation(ctx context.Context, to storage.User, link string, expires, now time.Time) error {
	return n.queue(ctx, to, "invitation.txt", message{Link: link, Expires: moment(expires)}, now)
}

// FactorReset implements account.Notices.
func (n *Notices) FactorReset(ctx context.Context, to storage.User, link string, expires, now time.Time) error {
	return n.queue(ctx, to, "factor_reset.txt", message{Link: link, Expires: moment(expires)}, now)
}

// WrongCodes implements account.Notices.
func (n *Notices) WrongCodes(ctx context.Context, to storage.User, failures int, closed bool, now time.Time) error {
	return n.queue(ctx, to, "wrong_codes.txt", message{Failures: failures, Closed: closed}, now)
}

// RecoveryCodeUsed implements account.Notices.
func (n *Notices) RecoveryCodeUsed(ctx context.Context, to storage.User, left int, now time.Time) error {
	return n.queue(ctx, to, "recovery_code_used.txt", message{Left: left}, now)
}

// AuthenticatorAdded implements account.Notices.
func (n *Notices) AuthenticatorAdded(ctx context.Context, to storage.User, replaced bool, now time.Time) error {
	return n.queue(ctx, to, "authenticator_added.txt", message{Replaced: replaced}, now)
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }

// queue renders a text whose first line is the subject.
func (n *Notices) queue(ctx context.Context, to storage.User, text string, m message, now time.Time) error {
	name, _ := to.Claims["name"].(string)
	m.Brand, m.AccountURL, m.Name, m.At = n.brand, n.accountURL, name, moment(now)
	var out bytes.Buffer
	if err := n.texts.ExecuteTemplate(&out, text, m); err != nil {
		return fmt.Errorf("render mail: %w", err)
	}
	subject, body, _ := strings.Cut(out.String(), "\n")
	return n.store.QueueMail(ctx, storage.Mail{
		ID: storage.NewID(), Recipient: to.Email, Subject: oneLine(subject), Body: strings.TrimLeft(body, "\n"), CreatedAt: now,
	})
}

// oneLine keeps a name from adding header lines to the message.
func oneLine(subject string) string { return strings.Join(strings.Fields(subject), " ") }
