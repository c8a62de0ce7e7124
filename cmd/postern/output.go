package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/postern-id/postern/config"
)

// terminal is where a command reads and writes. Results go to stdout, everything else to stderr.
type terminal struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	configFile     string
	json, verbose  bool
	database       string // database that the command works on, once it is known
}

func (t *terminal) getenv(name string) string {
	for _, entry := range t.environ {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	return ""
}

// load reads the settings; flags maps settings to the values given as flags.
func (t *terminal) load(flags map[string]string) (config.Config, error) {
	return config.Load(t.sources(flags))
}

func (t *terminal) sources(flags map[string]string) config.Sources {
	return config.Sources{File: t.configFile, Environ: t.environ, Flags: flags}
}

// readLine reads one line of standard input, without its end.
func (t *terminal) readLine() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(t.stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// useDatabase records which database the command works on. Errors name it, and so does --verbose.
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

// tableWidth is the maximum number of characters in a line of a table.
const tableWidth = 80

// table prints rows under a head, in columns. Columns that do not fit beside the others go to a second line, indented; so does a cell of the
// last column, in its row alone. Nothing is cut off, so that ids and URLs can be copied.
func table(w io.Writer, head []string, rows [][]string) {
	widths := make([]int, len(head))
	titles := make([]string, len(head))
	for i, title := range head {
		titles[i], widths[i] = strings.ToUpper(title), len(title)
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range append([][]string{titles}, rows...) {
		line, used := "", 0
		for i, cell := range row {
			length, written := utf8.RuneCountInString(cell), utf8.RuneCountInString(strings.TrimRight(line, " "))
			switch last := i == len(row)-1; {
			case last && used+length > tableWidth && written+2+length <= tableWidth:
				line = strings.TrimRight(line, " ") + "  "
			case used > 0 && (!last && used+widths[i] > tableWidth || last && used+length > tableWidth):
				printLine(w, line)
				line, used = "  ", 2
			}
			line += cell + strings.Repeat(" ", widths[i]-length+2)
			used += widths[i] + 2
		}
		printLine(w, line)
	}
}

// printLine prints a line of a table unless it is empty, over several lines where one cell alone is too long.
func printLine(w io.Writer, line string) {
	text := []rune(strings.TrimRight(line, " "))
	for ; len(text) > tableWidth; text = text[tableWidth:] {
		fmt.Fprintln(w, string(text[:tableWidth]))
	}
	if len(text) > 0 {
		fmt.Fprintln(w, string(text))
	}
}

// lines prints names with their values, one value a line, and leaves out names without a value.
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

// fail prints an error, its hint and the database that was used, to stderr: as text, or with --json as one JSON value.
func (t *terminal) fail(err error) {
	problems, _ := errors.AsType[config.Problems](err)
	hint := ""
	if hinted := new(hintError); errors.As(err, &hinted) {
		hint = hinted.hint
	} else if problems == nil { // problems bring their own hints
		hint = hintFor(err)
	}
	database := t.database
	if strings.Contains(err.Error(), database) {
		database = ""
	}
	if t.json {
		encoder := json.NewEncoder(t.stderr)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(struct {
			Error    string          `json:"error"`
			Hint     string          `json:"hint,omitempty"`
			Problems config.Problems `json:"problems,omitempty"`
			Database string          `json:"database,omitempty"`
		}{err.Error(), hint, problems, t.database}) // there is nowhere else to report an error
		return
	}
	fmt.Fprintln(t.stderr, "postern: "+err.Error())
	if hint != "" {
		fmt.Fprintln(t.stderr, "hint: "+hint)
	}
	if database != "" {
		fmt.Fprintln(t.stderr, "used: "+database)
	}
}
