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

	"github.com/postern-id/postern/login/account"
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
	account.Notice
	Brand      string
	AccountURL string
	Name       string // of the person; may be empty
	At         string // when it happened
	Until      string // when the link expires
}

// Send implements account.Notices. The first line of a text is the subject.
func (n *Notices) Send(ctx context.Context, to storage.User, notice account.Notice, now time.Time) error {
	name, _ := to.Claims["name"].(string)
	m := message{Notice: notice, Brand: n.brand, AccountURL: n.accountURL, Name: name, At: moment(now), Until: moment(notice.Expires)}
	var out bytes.Buffer
	if err := n.texts.ExecuteTemplate(&out, string(notice.Kind)+".txt", m); err != nil {
		return fmt.Errorf("render mail: %w", err)
	}
	subject, body, _ := strings.Cut(out.String(), "\n")
	return n.store.QueueMail(ctx, storage.Mail{
		ID: storage.NewID(), Recipient: to.Email, Subject: oneLine(subject), Body: strings.TrimLeft(body, "\n"), CreatedAt: now, ExpiresAt: notice.Expires,
	})
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }

// oneLine keeps a name from adding header lines to the message.
func oneLine(subject string) string { return strings.Join(strings.Fields(subject), " ") }
