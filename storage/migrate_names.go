package storage

import (
	"context"
	"database/sql"

	"github.com/pressly/goose/v3"
)

// emailDomains is step 31 of the schema, which rewrites the keys of e-mail addresses so that their domains are in ASCII. It is written in
// Go because SQL has no Punycode (RFC 3492).
const (
	emailDomains     = 31
	emailDomainsName = "0031_email_domains"
)

func (s *database) emailDomainsStep() *goose.Migration {
	return goose.NewGoMigration(emailDomains, &goose.GoFunc{RunTx: s.rekeyEmails}, nil)
}

func (s *database) rekeyEmails(ctx context.Context, tx *sql.Tx) error {
	rekeyed, err := s.rekeyedEmails(ctx, tx)
	if err != nil {
		return err
	}
	for id, key := range rekeyed {
		// If a mailbox has two accounts already, both keys stay as they are.
		if _, err := tx.ExecContext(ctx, s.writer.Rebind(`
			UPDATE users SET email_key = ? WHERE id = ? AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = ?)`),
			key, id, key); err != nil {
			return err
		}
	}
	return nil
}

// rekeyedEmails returns the new key of each user whose key changes, by user id.
func (s *database) rekeyedEmails(ctx context.Context, tx *sql.Tx) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, email, email_key FROM users WHERE octet_length(email_key) <> length(email_key)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	rekeyed := map[string]string{}
	for rows.Next() {
		var id, email, old string
		if err := rows.Scan(&id, &email, &old); err != nil {
			return nil, err
		}
		if key := CanonicalName(email); key != old {
			rekeyed[id] = key
		}
	}
	return rekeyed, rows.Err()
}
