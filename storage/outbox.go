package storage

import (
	"context"
	"errors"
	"time"
)

// Outbox has the messages to people and the state of their delivery.
type Outbox struct{ queue }

func newOutbox(d *database) *Outbox {
	return &Outbox{queue{
		database: d, table: "outbox", key: "id", first: "x.id", isKey: "id = ?", waits: "next_attempt_at < ?", columns: mailColumns,
	}}
}

// Mail is a message to a person. Its bodies may contain a one-time link, so they are sealed in the database, and wiped once the message was
// sent or given up.
type Mail struct {
	ID        string
	Recipient string
	Subject   string
	Body      string // plain text; empty if it was wiped or cannot be decrypted
	HTML      string // the same as HTML, or empty
	Language  string // of the message (BCP 47); may be empty
	CreatedAt time.Time
	ExpiresAt time.Time // when the link in it expires, so that the message becomes useless; zero: never

	Delivery // Attempts counts those to which the mail server answered
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

// Add stores everything of m but its Delivery, in the caller's transaction. The message is due at once; a message without a recipient is
// never sent.
func (s *Outbox) Add(ctx context.Context, m Mail) error {
	body, err := s.keyset.Seal([]byte(m.Body), "outbox", "body_sealed", m.ID)
	if err != nil {
		return err
	}
	due := m.CreatedAt
	if m.Recipient == "" {
		due = Never // not NULL, which would need no entry in the index: both cases must cost the same
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

// List returns up to limit messages that have a recipient, newest first.
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

// mail turns a row into a Mail. If it returns ErrSealed, everything but the bodies is set.
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

// Waiting returns how many messages are neither delivered nor given up, and when the first of them is due: the zero time if there are none.
func (s *Outbox) Waiting(ctx context.Context) (waiting int, next time.Time, err error) {
	return s.waiting(ctx, At(Never))
}

// Claim takes the message that has been due longest at now. Nobody else gets it before until, unless [Outbox.Defer] makes it due earlier.
// It returns ErrNotFound if no message is due, or if another replica has just taken it. If it returns ErrSealed, the message is claimed but
// its bodies are missing.
func (s *Outbox) Claim(ctx context.Context, until, now time.Time) (Mail, error) {
	var row mailRow
	if err := s.claim(ctx, &row, until, now); err != nil {
		return Mail{}, err
	}
	return s.mail(row)
}

// Defer gives back a message that [Outbox.Claim] returned, with the Attempts, Failure and NextAttemptAt of next. It returns ErrStale if the
// claim had ended and another replica took the message, or if the message is gone.
func (s *Outbox) Defer(ctx context.Context, claimed Mail, next Delivery) error {
	return s.postpone(ctx, claimed.Delivery, next, claimed.ID)
}

// Done records that a message was handed over to the mail server and wipes its bodies, even if another replica has claimed it meanwhile. It
// returns ErrStale if the message was handed over before or is gone.
func (s *Outbox) Done(ctx context.Context, claimed Mail, at time.Time) error {
	return s.execOne(ctx, ErrStale, `
		UPDATE outbox SET sent_at = ?, given_up_at = NULL, next_attempt_at = NULL, failure = '', body_sealed = ?, html_sealed = NULL
		WHERE id = ? AND sent_at IS NULL`, At(at), []byte{}, claimed.ID)
}

// GiveUp records that a claimed message will not be sent, and why, and wipes its bodies. It returns ErrStale like [Outbox.Defer].
func (s *Outbox) GiveUp(ctx context.Context, claimed Mail, failure string, at time.Time) error {
	return s.settle(ctx, claimed.Delivery, `given_up_at = ?, next_attempt_at = NULL, failure = ?, body_sealed = ?, html_sealed = NULL`,
		[]any{At(at), failure, []byte{}}, claimed.ID)
}
