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

// Migrate applies the pending steps of the schema, each in a transaction, and returns how many there were. Replicas may
// call it at the same time: each step is applied once. On PostgreSQL it takes two connections. progress, unless nil, is told how many steps
// are applied so far; how many there will be is not known (0).
func (s opened) Migrate(ctx context.Context, progress func(done, total int)) (applied int, err error) {
	provider, err := s.migrator()
	if err != nil {
		return 0, err
	}
	attempts := 1
	if s.dialect.singleWriter {
		// SQLite has no lock to wait at. An attempt fails when another process applies a step, or makes goose's own table, between our look
		// and our attempt, so there are at most so many of these failures.
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

// Empty reports whether no step of the schema was ever applied: the database is new, or it belongs to something else. Unlike
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

// migrationsKey is the key of the advisory lock that migrations take; it is goose's own.
const migrationsKey = lock.DefaultLockID

// migrationsWait is how often the lock is asked for, once a second.
const migrationsWait = 300

// lockMigrations waits until no other process migrates the database and returns what ends the lock. SQLite has no lock to wait at.
//
// The lock is that of a transaction, on a connection of its own: one of a session, as goose takes it, would stay behind on some
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
	if empty { // goose would make its table to look into it
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

// Pending reports whether a step of the schema is not applied yet.
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

// otherDialects names the files meant for the other database. A step with a text of its own for one database
// (0002_x.postgres.sql) must have one for the other.
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
