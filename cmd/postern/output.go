package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/postern-id/postern/config"
)

// terminal is where a command reads and writes. Results go to stdout, everything else to stderr.
type terminal struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	configFile     string
	json, verbose  bool
	database       string // the one that the command works on, once that is known
}

func (t *terminal) getenv(name string) string {
	for _, entry := range t.environ {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	return ""
}

// load reads the settings; flags holds those that were given as flags, by setting.
func (t *terminal) load(flags map[string]string) (config.Config, error) {
	return config.Load(config.Sources{File: t.configFile, Environ: t.environ, Flags: flags})
}

// readLine reads one line of standard input, without its end.
func (t *terminal) readLine() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(t.stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// useDatabase notes which database the command works on: errors say so, and --verbose.
func (t *terminal) useDatabase(cfg config.Config) {
	t.database = databaseName(cfg)
	if t.verbose {
		fmt.Fprintln(t.stderr, "using the "+t.database)
	}
}

// show prints value as one JSON value, or else calls text to print it for people.
func (t *terminal) show(value any, text func(w io.Writer)) error {
	if t.json {
		encoder := json.NewEncoder(t.stdout)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	text(t.stdout)
	return nil
}

// table prints rows under a head, in columns.
func table(w io.Writer, head []string, rows [][]string) {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, strings.ToUpper(strings.Join(head, "\t")))
	for _, row := range rows {
		fmt.Fprintln(tab, strings.Join(row, "\t"))
	}
	tab.Flush()
}

// lines prints names with their values, one value a line, and leaves out what has none.
func lines(w io.Writer, rows [][]string) {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		name := row[0] + ":"
		for _, value := range row[1:] {
			if value != "" {
				fmt.Fprintf(tab, "%s\t%s\n", name, value)
				name = ""
			}
		}
	}
	tab.Flush()
}

// hintError is an error with a line that says what to do about it.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

func withHint(err error, hint string) error { return &hintError{err, hint} }

// fail prints an error and its hint.
func (t *terminal) fail(err error) {
	fmt.Fprintln(t.stderr, "postern: "+err.Error())
	var problems config.Problems
	if hinted := new(hintError); errors.As(err, &hinted) {
		fmt.Fprintln(t.stderr, "hint: "+hinted.hint)
	} else if !errors.As(err, &problems) { // problems bring their own hints
		fmt.Fprintln(t.stderr, "hint: "+hintFor(err))
	}
	if t.database != "" && !strings.Contains(err.Error(), t.database) {
		fmt.Fprintln(t.stderr, "used: "+t.database)
	}
}
