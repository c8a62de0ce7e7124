package storagetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/storage"
)

// Migrating takes longer than most tests. Each process migrates once for each kind of database, and copies the result into the empty
// databases that tests open after that.

// sqliteTemplate returns the content of a database file that was only migrated.
var sqliteTemplate = sync.OnceValues(func() (file []byte, err error) {
	folder, err := os.MkdirTemp("", "postern-template-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "postern.db")
	if err := migrate("sqlite:"+path, nil); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// postgresTemplate returns the statements that migrated a schema, as one text.
var postgresTemplate = sync.OnceValues(func() (statements string, err error) {
	address, err := serverAddress()
	if err != nil {
		return "", err
	}
	admin, err := sql.Open("postgres", address)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	schema := newSchema()
	if _, err := admin.Exec(`CREATE SCHEMA ` + schema); err != nil {
		return "", err
	}
	defer func() {
		_, dropErr := admin.Exec(`DROP SCHEMA ` + schema + ` CASCADE`)
		err = errors.Join(err, dropErr)
	}()
	inSchema, err := addressOfSchema(address, schema)
	if err != nil {
		return "", err
	}
	counter := &Counter{}
	if err := migrate(inSchema, counter.Intercept); err != nil {
		return "", err
	}
	for _, s := range counter.Statements() {
		if s.Kind == Exec {
			statements += withArgs(s) + ";\n"
		}
	}
	return statements, nil
})

// withArgs returns the text of a statement for PostgreSQL with its arguments put in. There are fewer than ten arguments, and all are
// numbers or booleans.
func withArgs(s Statement) string {
	text := s.Text
	for _, arg := range s.Args {
		text = strings.ReplaceAll(text, "$"+strconv.Itoa(arg.Ordinal), fmt.Sprintf("'%v'", arg.Value))
	}
	return text
}

func migrate(address string, intercept Interceptor) error {
	keyset, err := storage.NewKeyset()
	if err != nil {
		return err
	}
	s, err := storage.Open(context.Background(), storage.Config{URL: address, Keyset: keyset, Intercept: intercept})
	if err != nil {
		return err
	}
	_, err = s.Migrate(context.Background(), nil)
	return errors.Join(err, s.Close())
}

// migrateIfEmpty migrates the database if it is empty.
func (d *Database) migrateIfEmpty(t testing.TB) {
	t.Helper()
	if path, ok := strings.CutPrefix(d.URL, "sqlite:"); ok {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return
		}
		file, err := sqliteTemplate()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, file, 0o600))
		d.migrated = true
		return
	}
	db := openSQL(t, "postgres", d.URL)
	defer db.Close()
	var empty bool
	require.NoError(t, db.QueryRow(`SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace)`).Scan(&empty))
	if !empty {
		return
	}
	statements, err := postgresTemplate()
	require.NoError(t, err)
	_, err = db.Exec(statements)
	require.NoError(t, err)
	d.migrated = true
}
