package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/storage"
)

func auditCommand(t *terminal) *cobra.Command {
	return group("audit", "The audit log", auditTailCommand(t), auditExportCommand(t), auditVerifyCommand(t))
}

func auditTailCommand(t *terminal) *cobra.Command {
	var count int
	var follow bool
	cmd := &cobra.Command{
		Use: "tail", Short: "Show the newest entries", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if count < 0 {
				return usage(cmd, "--lines must be 0 or more")
			}
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				return s.audit.Tail(ctx, count, follow, t.showEvent)
			})
		},
	}
	cmd.Flags().IntVarP(&count, "lines", "n", 20, "`number` of entries")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "keep showing new entries")
	return cmd
}

// showEvent prints an entry on one line: its JSON, or time, name, user and the rest.
func (t *terminal) showEvent(e storage.Event) error {
	if t.json {
		_, err := fmt.Fprintln(t.stdout, e.Body)
		return err
	}
	var body struct {
		ClientID string            `json:"client_id"`
		Actor    string            `json:"actor"`
		Address  string            `json:"address"`
		Detail   map[string]string `json:"detail"`
	}
	if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
		return withHint(fmt.Errorf("entry %s is damaged: %w", e.ID, err), "run postern audit verify")
	}
	line := fmt.Sprintf("%s  %-28s by %s", stamp(e.At.Time), e.Name, body.Actor)
	for _, part := range [][2]string{{"user", e.UserID}, {"client", body.ClientID}, {"from", body.Address}} {
		if part[1] != "" {
			line += " " + part[0] + " " + part[1]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(body.Detail)) {
		line += " " + name + "=" + body.Detail[name]
	}
	_, err := fmt.Fprintln(t.stdout, line)
	return err
}

func auditExportCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Write the whole log as JSON lines", Args: noArguments,
		Long: "Write the whole log as JSON lines, each with its number and its link to the entry before. If you keep the output\n" +
			"elsewhere, its last link proves what the log contained.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				progress := t.progress("entries written")
				return progress.end(s.audit.Telling(progress.at).Export(ctx, t.stdout), "the output is not complete: run it again")
			})
		},
	}
}

func auditVerifyCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Name the first entry that was changed, removed or moved", Args: noArguments,
		Long: "Name the first entry that was changed, removed or moved. postern serve chains new entries within a second or two; the\n" +
			"removal of an entry can be detected once it is chained.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				progress := t.progress("entries verified")
				report, err := s.audit.Telling(progress.at).Verify(ctx)
				if err = progress.end(err, "nothing was found so far; run it again"); err != nil {
					return err
				}
				err = t.show(report, func(w io.Writer) {
					if report.Fault == nil {
						fmt.Fprintf(w, "unchanged entries: %d, of which not chained yet: %d\n",
							report.Chained+report.Unchained, report.Unchained)
					}
				})
				if report.Fault == nil {
					return err
				}
				return withHint(errors.New("the audit log is damaged: "+report.Fault.String()),
					"compare it with the last export: somebody had write access to the database")
			})
		},
	}
}
