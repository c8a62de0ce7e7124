package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/storage"
)

func migrateCommand(t *terminal) *cobra.Command {
	return group("migrate", "Bring the database's schema up to date", migrateUpCommand(t), migrateStatusCommand(t))
}

func migrateUpCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "up", Short: "Apply the pending migrations; several replicas may run this at once", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withStore(cmd, func(ctx context.Context, store *storage.Locked) error {
				progress := t.progress("steps applied")
				applied, err := store.Migrate(ctx, progress.at)
				if err = progress.end(err, "these stay; run it again to go on"); err != nil {
					return err
				}
				return t.show(map[string]int{"applied": applied}, func(w io.Writer) { fmt.Fprintln(w, "steps applied:", applied) })
			})
		},
	}
}

func migrateStatusCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show all migrations and which are applied", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withStore(cmd, func(ctx context.Context, store *storage.Locked) error {
				steps, err := store.Migrations(ctx)
				if err != nil {
					return err
				}
				return t.show(steps, func(w io.Writer) {
					rows := make([][]string, len(steps))
					for i, step := range steps {
						state := "pending"
						if step.Applied {
							state = "applied"
						}
						rows[i] = []string{fmt.Sprint(step.Version), step.Name, state}
					}
					table(w, []string{"version", "name", "state"}, rows)
				})
			})
		},
	}
}
