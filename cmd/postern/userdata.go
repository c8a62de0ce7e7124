package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/storage"
)

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func userSessionsCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "sessions USER", Short: "Show where a person is signed in", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				_, sessions, err := s.accounts.Operate.Sessions(ctx, args[0], time.Now())
				if err != nil {
					return s.missing(ctx, err, "user", args[0])
				}
				return t.showSessions(sessions)
			})
		},
	}
}

type shownSession struct {
	ID         string    `json:"id"`
	Browser    string    `json:"browser"`
	Address    string    `json:"address"`
	SignedInAt time.Time `json:"signed_in_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
}

func shownSessionsOf(sessions []storage.Session) []shownSession {
	shown := make([]shownSession, len(sessions))
	for i, s := range sessions {
		shown[i] = shownSession{s.ID, s.Browser, s.ClientIP, s.CompletedAt.Time, s.LastSeenAt.Time}
	}
	return shown
}

func (t *terminal) showSessions(sessions []storage.Session) error {
	shown, rows := shownSessionsOf(sessions), make([][]string, len(sessions))
	for i, s := range sessions {
		rows[i] = []string{s.ID, s.Browser, s.ClientIP, stamp(s.CompletedAt.Time), stamp(s.LastSeenAt.Time)}
	}
	return t.show(shown, func(w io.Writer) { table(w, []string{"session", "browser", "address", "signed in", "last seen"}, rows) })
}

func userSignOutCommand(t *terminal) *cobra.Command {
	var session string
	cmd := &cobra.Command{
		Use: "sign-out USER", Short: "End all sessions of a person, or one of them", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				ended, err := s.signOut(ctx, args[0], session)
				if err != nil {
					return err
				}
				return t.show(map[string]int64{"ended": ended}, func(w io.Writer) { fmt.Fprintf(w, "sessions ended: %d\n", ended) })
			})
		},
	}
	cmd.Flags().StringVar(&session, "session", "", "end only the session with this `id`")
	return cmd
}

// signOut ends one session of a user, or all when session is empty, and returns how many it ended.
func (s *services) signOut(ctx context.Context, user, session string) (int64, error) {
	if session == "" {
		_, ended, err := s.accounts.Operate.SignOut(ctx, user, operator, time.Now())
		return ended, s.missing(ctx, err, "user", user)
	}
	_, err := s.accounts.Operate.EndSession(ctx, user, session, operator, time.Now())
	if errors.Is(err, storage.ErrNotFound) {
		return 0, withHint(fmt.Errorf("there is no user %s with a session %s", user, session), "postern user sessions USER shows them")
	}
	return 1, err
}

func userImportCommand(t *terminal) *cobra.Command {
	var file string
	var options port.ImportOptions
	cmd := &cobra.Command{
		Use: "import -f FILE", Short: "Make accounts from JSON lines, all or none", Args: noArguments,
		Long: "Make accounts from JSON lines, all or none. docs/import.md describes the lines, the supported password hashes, and what is\n" +
			"ignored. If a line is invalid, the report names it and nothing is imported, unless --skip-invalid is given.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usage(cmd, "--file is required; - is standard input")
			}
			lines, err := t.open(file)
			if err != nil {
				return err
			}
			defer lines.Close()
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				progress := t.progress("accounts ready to be written")
				options.Progress = progress.at
				report, err := s.accounts.Port.Import(ctx, lines, options, operator, time.Now())
				err = progress.end(err, "nothing was imported: run it again")
				if err != nil && !errors.Is(err, port.ErrImport) {
					return err
				}
				return errors.Join(t.showImport(report, options), err)
			})
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "`file` with one user a line; - is standard input")
	cmd.Flags().BoolVar(&options.DryRun, "dry-run", false, "only report what would happen")
	cmd.Flags().BoolVar(&options.SkipInvalid, "skip-invalid", false, "import the valid lines even if others are invalid")
	cmd.Flags().BoolVar(&options.AllowShortKeys, "allow-short-keys", false,
		"accept authenticators with keys of 10 to 15 bytes; their owners must connect a new one at the next sign-in")
	complete(cmd, "file", files)
	return cmd
}

func (t *terminal) showImport(report port.Report, options port.ImportOptions) error {
	return t.show(report, func(w io.Writer) {
		for _, fault := range report.Faults {
			fmt.Fprintf(w, "line %d: %s\n", fault.Line, strings.ReplaceAll(fault.Message, "\n", "; "))
		}
		if len(report.Faults) > 0 && !options.DryRun && !options.SkipInvalid {
			return
		}
		invited, renewed := 0, 0
		for _, user := range report.Users {
			if user.RenewsKey {
				renewed++
			}
			if user.InvitationURL != "" {
				fmt.Fprintf(w, "%s  %s\n", user.Email, user.InvitationURL)
			}
			if user.NeedsInvitation {
				invited++
			}
		}
		verb := "imported"
		if options.DryRun {
			verb = "would be imported"
		}
		if renewed > 0 {
			fmt.Fprintf(w, "users with a short key, who must connect a new authenticator at the next sign-in: %d\n", renewed)
		}
		fmt.Fprintf(w, "users %s: %d, of them with an invitation: %d; invalid lines: %d\n", verb, len(report.Users), invited, len(report.Faults))
	})
}

func userExportCommand(t *terminal) *cobra.Command {
	var secrets bool
	cmd := &cobra.Command{
		Use: "export", Short: "Write all accounts as JSON lines, which postern user import reads", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				progress := t.progress("accounts written")
				_, err := s.accounts.Port.Export(ctx, t.stdout, port.ExportOptions{Secrets: secrets, Progress: progress.at}, operator, time.Now())
				return progress.end(err, "the output is not complete: run it again")
			})
		},
	}
	cmd.Flags().BoolVar(&secrets, "secrets", false, "include password hashes and the keys of authenticators: anyone who has the output can impersonate people")
	return cmd
}

// open opens a file to read; - is standard input.
func (t *terminal) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(t.stdin), nil
	}
	return os.Open(name)
}
