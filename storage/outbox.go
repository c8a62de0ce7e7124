package storage

import (
	"context"
	"errors"
	"time"
)

// Outbox holds the messages to people, and the state of their delivery.
type Outbox struct{ queue }

func newOutbox(d *database) *Outbox {
	return &Outbox{queue{
		database: d, table: "outbox", key: "id", first: "x.id", isKey: "id = ?", waits: "next_attempt_at < ?", columns: mailColumns,
	}}
}

// Mail is a message to a person. Its bodies may hold a one-time link: they are sealed in the database, and wiped once the message
// was sent or given up.
type Mail struct {
	ID        string
	Recipient string
	Subject   string
	Body      string // plain text; empty when wiped or when the sealed one does not open
	HTML      string // the same as HTML, or empty
	Language  string // of the texts (BCP 47); may be empty
	CreatedAt time.Time
	ExpiresAt time.Time // when the link in it does, after which it is worth nothing; zero: never

	Delivery // Attempts are those that the server answered for this message
}

type mailRow struct {
	ID            string `db:"id"`
	Recipient     string `db:"recipient"`
	Subject       string `db:"subject"`
	Body          []byte `db:"body_sealed"`
	HTML          []byte `db:"html_sealed"`
	Language      string `db:"language"`
	CreatedAt     Time   `db:"created_at"`
	ExpiresAt     Time   `db:"expires_at"`
	Attempts      int    `db:"attempts"`
	NextAttemptAt Time   `db:"next_attempt_at"`
	Failure       string `db:"failure"`
	SentAt        Time   `db:"sent_at"`
	GivenUpAt     Time   `db:"given_up_at"`
}

const mailColumns = `id, recipient, subject, body_sealed, html_sealed, language, created_at, expires_at, attempts, next_attempt_at,
	failure, sent_at, given_up_at`

// Add files m in the caller's transaction, to be sent as soon as possible; without a recipient it is never sent. It takes everything
// but the Delivery.
func (s *Outbox) Add(ctx context.Context, m Mail) error {
	body, err := s.keyset.Seal([]byte(m.Body), "outbox", "body_sealed", m.ID)
	if err != nil {
		return err
	}
	due := m.CreatedAt
	if m.Recipient == "" {
		due = Never // and not NULL, which would spare the work of an entry in the index
	}
	var html []byte
	if m.HTML != "" {
		if html, err = s.keyset.Seal([]byte(m.HTML), "outbox", "html_sealed", m.ID); err != nil {
			return err
		}
	}
	_, err = s.exec(ctx, `
		INSERT INTO outbox (id, recipient, subject, body_sealed, html_sealed, language, created_at, expires_at, next_attempt_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		m.ID, m.Recipient, m.Subject, body, html, m.Language, At(m.CreatedAt), At(m.ExpiresAt), At(due))
	return err
}

// List returns up to limit messages, newest first, without those to nobody.
func (s *Outbox) List(ctx context.Context, limit int) ([]Mail, error) {
	var rows []mailRow
	if err := s.list(ctx, &rows, `SELECT `+mailColumns+` FROM outbox WHERE recipient <> '' ORDER BY created_at DESC, id DESC LIMIT ?`, limit); err != nil {
		return nil, err
	}
	mails := make([]Mail, len(rows))
	for i, row := range rows {
		m, err := s.mail(row)
		if err != nil && !errors.Is(err, ErrSealed) {
			return nil, err
		}
		mails[i] = m
	}
	return mails, nil
}

// mail opens a row. On ErrSealed everything but the bodies is there.
func (s *Outbox) mail(row mailRow) (Mail, error) {
	m := Mail{
		ID: row.ID, Recipient: row.Recipient, Subject: row.Subject, Language: row.Language,
		CreatedAt: row.CreatedAt.Time, ExpiresAt: row.ExpiresAt.Time,
		Delivery: Delivery{
			Attempts: row.Attempts, NextAttemptAt: row.NextAttemptAt, Failure: row.Failure, DeliveredAt: row.SentAt, GivenUpAt: row.GivenUpAt,
		},
	}
	if len(row.Body) == 0 {
		return m, nil // wiped
	}
	body, err := s.keyset.Open(row.Body, "outbox", "body_sealed", row.ID)
	if err != nil {
		return m, err
	}
	if len(row.HTML) > 0 {
		html, err := s.keyset.Open(row.HTML, "outbox", "html_sealed", row.ID)
		if err != nil {
			return m, err
		}
		m.HTML = string(html)
	}
	m.Body = string(body)
	return m, nil
}

// Waiting returns how many messages are neither delivered nor given up, and when the first of them is due: zero when there is none.
func (s *Outbox) Waiting(ctx context.Context) (waiting int, next time.Time, err error) {
	return s.waiting(ctx, At(Never))
}

// Claim takes the message that has been due for longest at now: nobody else gets it before until, unless [Outbox.Defer] says
// so. ErrNotFound when no message is due, or when another replica has just taken it. On ErrSealed the message is claimed but its bodies are
// missing.
func (s *Outbox) Claim(ctx context.Context, until, now time.Time) (Mail, error) {
	var row mailRow
	if err := s.claim(ctx, &row, until, now); err != nil {
		return Mail{}, err
	}
	return s.mail(row)
}

// Defer gives back a message as [Outbox.Claim] returned it, with the Attempts, Failure and NextAttemptAt of next. ErrStale when the
// claim had ended and another replica has taken the message, and when it is gone.
func (s *Outbox) Defer(ctx context.Context, claimed Mail, next Delivery) error {
	return s.postpone(ctx, claimed.Delivery, next, claimed.ID)
}

// Done records that a message was handed over and wipes its bodies, even if another sender has claimed it meanwhile. ErrStale when it was before or is gone.
func (s *Outbox) Done(ctx context.Context, claimed Mail, at time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE outbox SET sent_at = ?, given_up_at = NULL, next_attempt_at = NULL, failure = '', body_sealed = ?, html_sealed = NULL
		WHERE id = ? AND sent_at IS NULL`, At(at), []byte{}, claimed.ID)
}

// GiveUp records that a claimed message will never be sent and why, and wipes its bodies. ErrStale as with [Outbox.Defer].
func (s *Outbox) GiveUp(ctx context.Context, claimed Mail, failure string, at time.Time) error {
	return s.settle(ctx, claimed.Delivery, `given_up_at = ?, next_attempt_at = NULL, failure = ?, body_sealed = ?, html_sealed = NULL`,
		[]any{At(at), failure, []byte{}}, claimed.ID)
}
