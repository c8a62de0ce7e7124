package storage

import (
	"context"
	"errors"
	"time"
)

// Mail is a message to a person. Its body may hold a one-time link and is sealed in the database.
type Mail struct {
	ID        string
	Recipient string
	Subject   string
	Body      string // empty when the sealed one does not open
	CreatedAt time.Time
	SentAt    time.Time // zero: not sent
}

// QueueMail files m in the caller's transaction.
func (s *Store) QueueMail(ctx context.Context, m Mail) error {
	sealed, err := s.keyset.Seal([]byte(m.Body), "outbox", "body_sealed", m.ID)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, `
		INSERT INTO outbox (id, recipient, subject, body_sealed, created_at, sent_at) VALUES (?, ?, ?, ?, ?, ?)`,
		m.ID, m.Recipient, m.Subject, sealed, At(m.CreatedAt), At(m.SentAt))
	return err
}

// Mails returns up to limit messages, newest first.
func (s *Store) Mails(ctx context.Context, limit int) ([]Mail, error) {
	var rows []struct {
		ID        string `db:"id"`
		Recipient string `db:"recipient"`
		Subject   string `db:"subject"`
		Body      []byte `db:"body_sealed"`
		CreatedAt Time   `db:"created_at"`
		SentAt    Time   `db:"sent_at"`
	}
	if err := s.list(ctx, &rows, `
		SELECT id, recipient, subject, body_sealed, created_at, sent_at FROM outbox
		ORDER BY created_at DESC, id DESC LIMIT ?`, limit); err != nil {
		return nil, err
	}
	mails := make([]Mail, len(rows))
	for i, row := range rows {
		body, err := s.keyset.Open(row.Body, "outbox", "body_sealed", row.ID)
		if err != nil && !errors.Is(err, ErrSealed) {
			return nil, err
		}
		mails[i] = Mail{
			ID: row.ID, Recipient: row.Recipient, Subject: row.Subject, Body: string(body),
			CreatedAt: row.CreatedAt.Time, SentAt: row.SentAt.Time,
		}
	}
	return mails, nil
}

// SentMail notes that a message was handed over. ErrStale when it was before or is gone.
func (s *Store) SentMail(ctx context.Context, id string, at time.Time) error {
	return s.execOne(ctx, ErrStale, `UPDATE outbox SET sent_at = ? WHERE id = ? AND sent_at IS NULL`, At(at), id)
}
