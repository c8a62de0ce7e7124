package main

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"github.com/postern-id/postern/config"
)

// warn logs what the operator should change although the provider can serve with it.
func (a *app) warn(ctx context.Context) {
	for _, w := range fileWarnings(a.cfg) {
		a.log.WarnContext(ctx, w.Setting+": "+w.Message, "hint", w.Hint)
	}
	unset, err := a.store.UnsetLimits(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "the limits of database sessions cannot be read", "cause", err)
	}
	if len(unset) > 0 {
		a.log.WarnContext(ctx, "behind a connection pooler the database role must have limits of its own; see Connection poolers in docs/operating.md",
			slog.String("missing", strings.Join(unset, ", ")))
	}
}

// fileWarnings names the files with personal data and keys that other users of the machine can access. Files that were restored from a backup
// often are.
func fileWarnings(cfg config.Config) config.Problems {
	var warnings config.Problems
	for _, kept := range []struct {
		setting string
		paths   []string
	}{
		{"database.url", sqliteFiles(cfg)},
		{"secrets.keyset_file", []string{keysetFile(cfg)}},
	} {
		var open []string
		for _, path := range kept.paths {
			if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
				open = append(open, path)
			}
		}
		if len(open) > 0 {
			warnings = append(warnings, config.Problem{
				Setting: kept.setting, Message: "other users of this machine have access to " + strings.Join(open, ", "),
				Hint: "run: chmod 600 " + strings.Join(open, " "),
			})
		}
	}
	return warnings
}

// sqliteFiles returns the database file and the files that SQLite keeps beside it.
func sqliteFiles(cfg config.Config) []string {
	path := sqliteFile(cfg)
	if path == "" {
		return nil
	}
	return []string{path, path + "-wal", path + "-shm"}
}
