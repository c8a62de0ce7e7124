package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// Config is what New needs. All fields are required.
type Config struct {
	Outbox *storage.Outbox
	Words  *templates.Mails
}

// Notices writes messages and queues them. It implements account.Notices.
type Notices struct {
	outbox *storage.Outbox
	words  *templates.Mails
}

// New returns Notices, or an error if a field of cfg is missing.
func New(cfg Config) (*Notices, error) {
	if cfg.Outbox == nil || cfg.Words == nil {
		return nil, errors.New("mail.New: Outbox and Words are required")
	}
	return &Notices{outbox: cfg.Outbox, words: cfg.Words}, nil
}

// Send implements account.Notices.
func (n *Notices) Send(ctx context.Context, to storage.User, notice account.Notice, now time.Time) error {
	name, _ := to.Claims["name"].(string)
	locale, _ := to.Claims["locale"].(string)
	letter, err := n.words.Write(locale, templates.Mail{
		Kind: string(notice.Kind), Name: name, At: now,
		Link: notice.Link, Expires: notice.Expires, Count: notice.Count, Address: notice.Email,
		Browser: notice.Browser, Network: notice.Network,
	})
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	return n.outbox.Add(ctx, storage.Mail{
		ID: storage.NewID(), Recipient: to.Email, Subject: letter.Subject, Body: letter.Text, HTML: letter.HTML, Language: letter.Language,
		CreatedAt: now, ExpiresAt: notice.Expires,
	})
}

// oneLine returns text on a single line, so that a subject cannot add header lines to a message.
func oneLine(subject string) string { return strings.Join(strings.Fields(subject), " ") }
