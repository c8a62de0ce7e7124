package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of the command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole command: tests call it too. It returns the exit code.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	t := &terminal{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRoot(t)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if slices.Contains(args, "--json") {
		t.json = true // also when a wrong flag comes before it
	}
	switch usage := new(usageError); {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		t.database = "" // it does not matter which
		t.fail(withHint(err, strings.TrimSpace(usage.hint+" "+usage.command+" --help shows its usage")))
		return exitUsage
	default:
		t.fail(err)
		return exitFailed
	}
}

// newRoot puts the commands together.
func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "postern",
		Short: "An OpenID Connect provider whose second factor is not optional",
		Long: "Postern signs people in for relying apps through OpenID Connect: with their password, then with the one-time code of an\n" +
			"authenticator app, and only then with an ID token.\n\n" +
			"postern demo shows a whole sign-in on this machine; postern serve is the provider.",
		SilenceErrors: true, SilenceUsage: true, Version: version(),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(t.stdin)
	root.SetOut(t.stdout)
	root.SetErr(t.stderr)
	root.PersistentFlags().StringVar(&t.configFile, "config", t.getenv("POSTERN_CONFIG"), "settings `file` (YAML); also POSTERN_CONFIG")
	root.PersistentFlags().BoolVarP(&t.verbose, "verbose", "v", false, "say which database is used")
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print one JSON value")
	root.SetFlagErrorFunc(flagFault)
	root.SetVersionTemplate(versionLine() + "\n")
	root.SetHelpCommand(helpCommand())
	root.AddCommand(
		demoCommand(t), serveCommand(t), migrateCommand(t), userCommand(t), clientCommand(t), keyCommand(t), secretsCommand(t),
		auditCommand(t), configCommand(t), healthcheckCommand(t), versionCommand(t),
	)
	initCompletion(root)
	return root
}

// group makes a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noArguments, RunE: nameSubcommand}
	cmd.AddCommand(commands...)
	return cmd
}

func nameSubcommand(cmd *cobra.Command, _ []string) error { return usage(cmd, "name a subcommand") }
