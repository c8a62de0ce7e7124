package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/commands.md and the journeys of docs/accessibility.md anew")

var commandsHead = strings.ReplaceAll(`# Commands

Every command takes '--config FILE' (or the variable 'POSTERN_CONFIG') and '--json': one JSON value on standard output, so
that a script need not read text. 'user export', 'audit export' and 'audit tail --json' write one JSON value a line. Logs and
messages go to standard error. The settings are those of [configuration.md](configuration.md), from the same file and variables as
for 'postern serve'. Commands work on the database; they need no running server. They never make a database: only 'postern serve' and
'postern demo' do. With '--verbose' each command says which database it used, and so does every error.

Exit codes: 0 done, 1 failed (a message, and a line 'hint:' that says what to do), 2 wrong usage.

This file is written from the command itself: 'go test ./cmd/postern -run TestCommandsAreDocumented -update'.
`, "'", "`")

func TestCommandsAreDocumented(t *testing.T) {
	out := bytes.NewBufferString(commandsHead)
	command := newRoot(&terminal{stdout: io.Discard, stderr: io.Discard})
	for _, cmd := range command.Commands() {
		document(out, cmd, 2)
	}
	path := filepath.Join(root, "docs", "commands.md")
	if *update {
		require.NoError(t, os.WriteFile(path, out.Bytes(), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, out.String(), string(have), "run: go test ./cmd/postern -run TestCommandsAreDocumented -update")
}

// document writes a command and those below it.
func document(out *bytes.Buffer, cmd *cobra.Command, level int) {
	if cmd.Name() == "help" || cmd.Hidden {
		return
	}
	text := cmd.Short + "."
	if cmd.Long != "" {
		text = strings.TrimSpace(cmd.Long)
	}
	fmt.Fprintf(out, "\n%s %s\n\n%s\n", strings.Repeat("#", level), cmd.CommandPath(), text)
	if cmd.Name() == "completion" {
		return
	}
	if !cmd.HasSubCommands() {
		fmt.Fprintf(out, "\n```\n%s\n%s```\n", cmd.UseLine(), cmd.LocalNonPersistentFlags().FlagUsages())
	}
	for _, sub := range cmd.Commands() {
		document(out, sub, level+1)
	}
}
