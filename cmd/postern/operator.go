package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// operator is the person at the command line, for the audit log.
var operator = audit.Operator()

// quietLog returns a logger for commands that print a result: it writes only warnings and errors, to stderr, as JSON if errors are JSON.
func (t *terminal) quietLog() *slog.Logger {
	if t.json {
		return slog.New(slog.NewJSONHandler(t.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return slog.New(slog.NewTextHandler(t.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// withServices runs do on the services that the settings describe.
func (t *terminal) withServices(cmd *cobra.Command, do func(context.Context, *services) error) error {
	cfg, err := t.load(nil)
	if err != nil {
		return err
	}
	t.useDatabase(cfg)
	s, err := openServices(cmd.Context(), cfg, t.quietLog(), existing)
	if err != nil {
		return err
	}
	defer s.close()
	return do(cmd.Context(), s)
}

// withStore runs do on the database whether or not its schema is up to date.
func (t *terminal) withStore(cmd *cobra.Command, do func(context.Context, *storage.Locked) error) error {
	cfg, err := t.load(nil)
	if err != nil {
		return err
	}
	t.useDatabase(cfg)
	store, err := openStore(cmd.Context(), cfg, existing)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(cmd.Context(), store)
}

// stamp shows a time for people, in UTC and with its zone (RFC 3339 section 5.6); the zero time is a dash.
func stamp(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format("2006-01-02 15:04:05Z07:00")
}

// pages reads a whole list, page by page. id returns the id of an entry; the next page begins after the last entry's id.
func pages[T any](read func(after string, limit int) ([]T, error), id func(T) string) ([]T, error) {
	const size = 500
	var all []T
	for after := ""; ; after = id(all[len(all)-1]) {
		page, err := read(after, size)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < size {
			return all, nil
		}
	}
}
