package storage

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migration is one step of the schema.
type Migration struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

// Migrate applies the pending steps of the schema, each in a transaction, and returns how many there were. Replicas may call it at the same
// time: each step is applied once. On PostgreSQL it uses two connections. progress, unless nil, is called with the number of steps applied
// so far; the total is not known (0). Migrate returns ErrUnavailable if another process has been migrating for too long.
func (s opened) Migrate(ctx context.Context, progress func(done, total int)) (applied int, err error) {
	provider, err := s.migrator()
	if err != nil {
		return 0, err
	}
	attempts := 1
	if s.dialect.singleWriter {
		// SQLite has no lock to wait for. An attempt fails if another process applies a step, or creates goose's own table, after we
		// looked. Such a failure cannot happen more often than there are steps, and once for the table.
		attempts += 1 + len(provider.ListSources())
	}
	unlock, err := s.lockMigrations(ctx)
	if err != nil {
		return 0, fmt.Errorf("lock the database for migrations: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	for range attempts {
		for err = nil; err == nil; {
			if _, err = provider.UpByOne(ctx); err == nil {
				applied++
				if progress != nil {
					progress(applied, 0)
				}
			}
		}
		if errors.Is(err, goose.ErrNoNextVersion) {
			return applied, nil
		}
	}
	return applied, fmt.Errorf("migrate the database: %w", mapError(s.dialect, err))
}

// Empty reports whether no step of the schema was ever applied, because the database is new or belongs to another program. Unlike
// [Store.Pending] it writes nothing.
func (s opened) Empty(ctx context.Context) (bool, error) {
	var exists bool
	if err := s.get(ctx, &exists, s.dialect.hasVersions); err != nil || !exists {
		return err == nil, err
	}
	var latest int64
	err := s.get(ctx, &latest, `SELECT COALESCE(max(version_id), 0) FROM `+goose.DefaultTablename)
	return latest == 0, err
}

// migrationsKey is the key of the advisory lock that migrations take, the same as goose's.
const migrationsKey = lock.DefaultLockID

// migrationsWait is how many times lockMigrations asks for the lock, once a second.
const migrationsWait = 300

// lockMigrations waits until no other process migrates the database, and returns a function that releases the lock. On SQLite it does
// nothing.
//
// A transaction on a connection of its own holds the lock. A lock held by a session, as goose takes it, would stay behind on some
// connection of a pooler.
func (s *database) lockMigrations(ctx context.Context) (unlock func() error, err error) {
	if s.dialect.singleWriter {
		return func() error { return nil }, nil
	}
	if s.writer.Stats().MaxOpenConnections < 2 {
		s.writer.SetMaxOpenConns(2)
	}
	tx, err := s.beginResting(ctx, s.writer, nil)
	if err != nil {
		return nil, err
	}
	unlock = func() error { return s.rollBack(tx) }
	for range migrationsWait {
		var locked bool
		if err := tx.GetContext(ctx, &locked, `SELECT pg_try_advisory_xact_lock($1)`, migrationsKey); err != nil {
			return nil, errors.Join(mapError(s.dialect, err), unlock())
		}
		if locked {
			return unlock, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), unlock())
		case <-time.After(time.Second):
		}
	}
	return nil, errors.Join(fmt.Errorf("%w: another process has been migrating for %d s", ErrUnavailable, migrationsWait), unlock())
}

// Migrations returns all steps of the schema in order. It writes nothing.
func (s opened) Migrations(ctx context.Context) ([]Migration, error) {
	provider, err := s.migrator()
	if err != nil {
		return nil, err
	}
	empty, err := s.Empty(ctx)
	if err != nil {
		return nil, err
	}
	if empty { // goose would create its table in order to read it
		sources := provider.ListSources()
		steps := make([]Migration, len(sources))
		for i, source := range sources {
			steps[i] = Migration{Version: source.Version, Name: stepName(source)}
		}
		return steps, nil
	}
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the state of migrations: %w", mapError(s.dialect, err))
	}
	steps := make([]Migration, len(states))
	for i, state := range states {
		steps[i] = Migration{
			Version: state.Source.Version,
			Name:    stepName(state.Source),
			Applied: state.State == goose.StateApplied,
		}
	}
	return steps, nil
}

func stepName(source *goose.Source) string {
	if source.Type == goose.TypeGo {
		return emailDomainsName
	}
	return strings.TrimSuffix(source.Path, ".sql")
}

// Pending reports whether there are steps of the schema that are not applied yet.
func (s opened) Pending(ctx context.Context) (bool, error) {
	provider, err := s.migrator()
	if err != nil {
		return false, err
	}
	pending, err := provider.HasPending(ctx)
	return pending, mapError(s.dialect, err)
}

func (s *database) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	excluded, err := otherDialects(files, s.dialect.name)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithExcludeNames(excluded), goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(s.emailDomainsStep()),
	}
	return goose.NewProvider(s.dialect.goose, s.writer.DB, files, options...)
}

// otherDialects returns the names of the files for the other database. A step that has a file for one database (0002_x.postgres.sql) must
// have one for the other.
func otherDialects(files fs.FS, name string) ([]string, error) {
	all, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{}
	var others []string
	for _, file := range all {
		parts := strings.Split(file, ".")
		switch {
		case len(parts) == 2:
		case parts[1] == name:
			ours[parts[0]] = true
		default:
			others = append(others, file)
		}
	}
	for _, file := range others {
		if step, _, _ := strings.Cut(file, "."); !ours[step] {
			return nil, fmt.Errorf("migration %s has no text for %s", file, name)
		}
	}
	return others, nil
}
