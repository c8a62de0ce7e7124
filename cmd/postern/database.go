package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/postern-id/postern/config"
	"github.com/postern-id/postern/storage"
)

// Whether a command creates a database that does not exist. Only postern serve and postern demo do.
type opening bool

const (
	existing opening = false
	orNew    opening = true
)

// openStore opens the database that the settings name, with its keyset.
func openStore(ctx context.Context, cfg config.Config, how opening) (*storage.Locked, error) {
	if how == existing {
		if err := findDatabase(cfg); err != nil {
			return nil, err
		}
	}
	keyset, err := loadKeyset(cfg, how)
	if err != nil {
		return nil, err
	}
	conns := cfg.Database.MaxConnections
	if how == existing {
		conns = 1 // a command leaves the remaining connections to the servers
	}
	store, err := storage.Open(ctx, storage.Config{
		URL: cfg.Database.DriverURL(), Keyset: keyset, MaxConns: conns, IdleTime: cfg.Database.IdleTime,
	})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return store, nil
}

// openMigrated opens the database and checks its schema. Pending migrations are applied on SQLite and where the settings allow
// it; otherwise they are an error that names the command.
func openMigrated(ctx context.Context, cfg config.Config, log *slog.Logger, how opening) (*storage.Store, error) {
	locked, err := openStore(ctx, cfg, how)
	if err != nil {
		return nil, err
	}
	store, err := unlock(ctx, cfg, locked, log, how)
	if err != nil {
		return nil, errors.Join(err, locked.Close())
	}
	return store, nil
}

func unlock(ctx context.Context, cfg config.Config, locked *storage.Locked, log *slog.Logger, how opening) (*storage.Store, error) {
	if how == existing {
		empty, err := locked.Empty(ctx)
		if err != nil {
			return nil, err
		}
		if empty {
			return nil, withHint(errors.New(databaseName(cfg)+" contains no tables of Postern"),
				"if it is the right database and new, run postern migrate up, or start postern serve with --migrate; otherwise "+anotherDatabase)
		}
	}
	pending, err := locked.Pending(ctx)
	if err != nil {
		return nil, err
	}
	if pending && !onSQLite(cfg) && !cfg.Database.Migrate {
		return nil, withHint(errors.New("the database's schema is older than this version of Postern"),
			"run postern migrate up, or start with --migrate")
	}
	if pending {
		applied, err := locked.Migrate(ctx, nil)
		if err != nil {
			return nil, err
		}
		log.InfoContext(ctx, "database migrated", "steps", applied)
	}
	store, err := locked.Unlock(ctx)
	if errors.Is(err, storage.ErrSealed) {
		return nil, withHint(err, "this keyset belongs to another database, or is older than the last postern secrets rotate: put the right file back")
	}
	return store, err
}

const anotherDatabase = "name the right one: --config FILE, POSTERN_CONFIG or POSTERN_DATABASE_URL"

// findDatabase returns an error that names the SQLite file when it does not exist or is empty. Whether a database server has it is found
// out later.
func findDatabase(cfg config.Config) error {
	path := sqliteFile(cfg)
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return nil
	}
	return withHint(errors.New("there is no "+databaseName(cfg)),
		"run the command where postern serve runs, or "+anotherDatabase+"; only postern serve and postern demo create a database")
}

// databaseName names the database and the setting that it comes from, without a password.
func databaseName(cfg config.Config) string {
	var url config.Value
	for _, value := range cfg.Effective() {
		if value.Key == "database.url" {
			url = value
		}
	}
	from := string(url.Source)
	if url.Where != "" {
		from = url.Where
	}
	name := url.Value
	if path := sqliteFile(cfg); path != "" && !filepath.IsAbs(path) {
		if absolute, err := filepath.Abs(path); err == nil {
			name = "sqlite:" + absolute
		}
	}
	return fmt.Sprintf("database %s (database.url, %s)", name, from)
}

func onSQLite(cfg config.Config) bool { return sqliteFile(cfg) != "" }

// sqliteFile returns the path of the SQLite file, or "" if the database is on PostgreSQL.
func sqliteFile(cfg config.Config) string {
	path, found := strings.CutPrefix(cfg.Database.URL.Reveal(), "sqlite:")
	if !found {
		return ""
	}
	return path
}
