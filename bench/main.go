package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == constantCommand {
		if err := serveConstant(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	debug.SetGCPercent(400) // the load generator shares the cores with the server that it measures
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process immediately
	err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// errAnswers says that the figures were printed, but that some answers of the server were wrong.
var errAnswers = errors.New("some answers were wrong: see the column errors")

// bench measures what args ask for and prints the figures: a table on stdout, or with --json, JSON on stdout and the table on
// stderr.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	figures, err := measureAll(ctx, o, stderr)
	if err != nil && len(figures.References)+len(figures.Against) == 0 {
		return err
	}
	if o.json {
		err = errors.Join(err, writeJSON(stdout, figures))
		stdout = stderr
	}
	err = errors.Join(err, writeTable(stdout, figures))
	if figures.wrong() {
		err = errors.Join(err, errAnswers)
	}
	return err
}
