package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/storage/audit"
)

// operator is who acts through the command line.
var operator = audit.Event{Actor: audit.ActorOperator}

// quietLog is for commands that answer by themselves: warnings and errors only, to stderr.
func (t *terminal) quietLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(t.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// withServices runs do on the services that the settings describe.
func (t *terminal) withServices(cmd *cobra.Command, do func(context.Context, *services) error) error {
	cfg, err := t.load(nil)
	if err != nil {
		return err
	}
	s, err := openServices(cmd.Context(), cfg, t.quietLog())
	if err != nil {
		return err
	}
	defer s.close()
	return do(cmd.Context(), s)
}

// stamp shows a time in tables; the zero time is a dash.
func stamp(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Local().Format("2006-01-02 15:04:05")
}
