package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// bulk is many rows of one table.
type bulk struct {
	table   string
	columns []string
	rows    int
	row     func(i int) []any
}

// seedPragmas let SQLite keep the indexes in memory (2 GB), because the rows come in random order, and not wait for the disk.
// They apply only to the connection that seeds.
const seedPragmas = `PRAGMA cache_size = -2000000; PRAGMA synchronous = OFF`

const (
	rowsAtOnce        = 400    // in each statement for PostgreSQL, which saves round trips; SQLite has none
	rowsInTransaction = 50_000 // until then SQLite keeps them in its write-ahead log
)

// insertRows inserts rows with prepared statements of perStatement rows, in transactions of many statements.
func insertRows(ctx context.Context, db *sql.DB, b bulk, perStatement int) error {
	for from := 0; from < b.rows; from += rowsInTransaction {
		to := min(from+rowsInTransaction, b.rows)
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := b.insert(ctx, tx, from, to, perStatement); err != nil {
			return errors.Join(fmt.Errorf("insert into %s: %w", b.table, err), tx.Rollback())
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// insert inserts the rows from from up to, but not including, to: first with statements of n rows, then one row at a time.
func (b bulk) insert(ctx context.Context, tx *sql.Tx, from, to, n int) error {
	for _, size := range []int{n, 1} {
		if to-from < size {
			continue
		}
		statement, err := tx.PrepareContext(ctx, b.text(size))
		if err != nil {
			return err
		}
		for ; err == nil && from+size <= to; from += size {
			args := make([]any, 0, size*len(b.columns))
			for i := range size {
				args = append(args, b.row(from+i)...)
			}
			_, err = statement.ExecContext(ctx, args...)
		}
		if err = errors.Join(err, statement.Close()); err != nil {
			return err
		}
	}
	return nil
}

// text returns an INSERT statement for n rows.
func (b bulk) text(n int) string {
	var text strings.Builder
	text.WriteString("INSERT INTO " + b.table + " (" + strings.Join(b.columns, ", ") + ") VALUES ")
	for i := range n * len(b.columns) {
		separator := ", "
		switch {
		case i == 0:
			separator = "("
		case i%len(b.columns) == 0:
			separator = "), ("
		}
		text.WriteString(separator + "$" + strconv.Itoa(i+1))
	}
	return text.String() + ")"
}

// seed fills Postern's tables as years of use would, with users that have a password and an authenticator, and with grants to the
// client that have a refresh token and are five months old on average. Nobody can sign in as one of these users, because the
// secrets of their authenticators cannot be decrypted.
func seed(ctx context.Context, d database, clientID string, users, grants int, now time.Time, progress io.Writer) (err error) {
	db, err := d.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	perStatement := rowsAtOnce
	if d.sqlite {
		perStatement = 1
		if _, err := db.ExecContext(ctx, seedPragmas); err != nil {
			return err
		}
	}
	hash := hashPassword()
	for _, b := range []bulk{
		seedUsers(users, now), seedPasswords(users, hash, now), seedAuthenticators(users, now), seedGrants(grants, users, clientID, now),
	} {
		fmt.Fprintf(progress, "seeding %d %s\n", b.rows, b.table)
		if err := insertRows(ctx, db, b, perStatement); err != nil {
			return err
		}
	}
	if d.sqlite {
		return nil // Postern makes no statistics on SQLite, which would then plan statements again for the values of each request
	}
	_, err = db.ExecContext(ctx, `ANALYZE`) // as autovacuum would do
	return err
}

// seedID returns an id that looks random like Postern's ids, so that the indexes are filled as in real use.
func seedID(kind string, i int) string {
	sum := sha256.Sum256([]byte(kind + strconv.Itoa(i)))
	return base32.StdEncoding.EncodeToString(sum[:])[:26]
}

func seedUsers(n int, now time.Time) bulk {
	return bulk{
		table: "users", rows: n,
		columns: []string{
			"id", "email", "email_key", "email_verified", "username", "username_key", "admin", "groups", "claims", "epoch", "created_at", "updated_at",
		},
		row: func(i int) []any {
			name := "seed" + seedID("name", i)
			email := name + "@example.test"
			at := seedTime(i, now)
			return []any{
				seedID("user", i), email, strings.ToLower(email), true, name, strings.ToLower(name), false, `["staff"]`,
				`{"name":"Seed","locale":"en-GB"}`, int64(1), at, at,
			}
		},
	}
}

func seedPasswords(n int, hash string, now time.Time) bulk {
	return bulk{
		table: "passwords", rows: n, columns: []string{"user_id", "hash", "changed_at"},
		row: func(i int) []any { return []any{seedID("user", i), hash, seedTime(i, now)} },
	}
}

func seedAuthenticators(n int, now time.Time) bulk {
	return bulk{
		table: "authenticators", rows: n,
		columns: []string{"id", "user_id", "name", "secret_sealed", "algorithm", "digits", "period", "last_step", "created_at"},
		row: func(i int) []any {
			return []any{
				seedID("authenticator", i), seedID("user", i), "Phone", randomBytes(53), "SHA1", int64(6), int64(30), int64(0), seedTime(i, now),
			}
		},
	}
}

// seedDetail is as long as the detail that Postern stores for a grant.
const seedDetail = `{"redirect_uri":"` + redirectURI + `","challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM","nonce":"n-0S6_WzA2Mj",` +
	`"acr":"urn:postern:acr:mfa","amr":["pwd","otp","mfa"],"named_claims":{}}`

func seedGrants(n, users int, clientID string, now time.Time) bulk {
	return bulk{
		table: "grants", rows: n,
		columns: []string{
			"id", "user_id", "client_id", "sid", "epoch", "scopes", "detail", "auth_time", "created_at", "code_hash", "code_expires_at", "code_used_at",
			"code_failures", "generation", "rotated_at", "idle_until", "expires_at",
		},
		row: func(i int) []any {
			at := seedTime(i, now)
			end := now.Add(60 * 24 * time.Hour).UnixMicro()
			return []any{
				seedID("grant", i), seedID("user", i%users), clientID, seedID("session", i), int64(1), `["openid","profile","email","offline_access"]`,
				seedDetail, at, at, randomBytes(32), at + 60e6, at, int64(0), int64(1 + i%40), at, end, end,
			}
		},
	}
}

// seedTime spreads rows over the ten months before now.
func seedTime(i int, now time.Time) int64 {
	const spread = 300 * 24 * 3600
	return now.Add(-time.Duration(i*7919%spread) * time.Second).UnixMicro()
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}
