package storage

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

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
// call it at the same time: each step is applied once.
func (s *Store) Migrate(ctx context.Context) (int, error) {
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
	applied := 0
	for range attempts {
		var results []*goose.MigrationResult
		results, err = provider.Up(ctx)
		if partial := new(goose.PartialError); errors.As(err, &partial) {
			results = partial.Applied
		}
		applied += len(results)
		if err == nil {
			return applied, nil
		}
	}
	return applied, fmt.Errorf("migrate the database: %w", mapError(s.dialect, err))
}

// Empty reports whether no step of the schema was ever applied: the database is new, or it belongs to something else. Unlike
// [Store.Pending] it writes nothing.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	var exists bool
	if err := s.get(ctx, &exists, s.dialect.hasVersions); err != nil || !exists {
		return err == nil, err
	}
	var latest int64
	err := s.get(ctx, &latest, `SELECT COALESCE(max(version_id), 0) FROM `+goose.DefaultTablename)
	return latest == 0, err
}

// Migrations returns all steps of the schema in order. It writes nothing.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
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
			steps[i] = Migration{Version: source.Version, Name: strings.TrimSuffix(source.Path, ".sql")}
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
			Name:    strings.TrimSuffix(state.Source.Path, ".sql"),
			Applied: state.State == goose.StateApplied,
		}
	}
	return steps, nil
}

// Pending reports whether a step of the schema is not applied yet.
func (s *Store) Pending(ctx context.Context) (bool, error) {
	provider, err := s.migrator()
	if err != nil {
		return false, err
	}
	pending, err := provider.HasPending(ctx)
	return pending, mapError(s.dialect, err)
}

func (s *Store) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	excluded, err := otherDialects(files, s.dialect.name)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithExcludeNames(excluded), goose.WithDisableGlobalRegistry(true)}
	if !s.dialect.singleWriter {
		// Ask for the lock each second for five minutes; goose's own pause of five seconds delays every replica but the first.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, fmt.Errorf("make the lock for migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
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
