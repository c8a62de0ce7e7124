package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/provider/client"
)

var update = flag.Bool("update", false, "write docs/commands.md, docs/clients.md and the journeys of docs/accessibility.md anew")

var commandsHead = strings.ReplaceAll(`# Commands

Every command takes '--config FILE' (or the variable 'POSTERN_CONFIG') and '--json': one JSON value on standard output, so
that a script need not read text. 'user export', 'audit export' and 'audit tail --json' write one JSON value a line. Logs and
messages go to standard error. The settings are those of [configuration.md](configuration.md), from the same file and variables as
for 'postern serve'. Commands work on the database and need no running server. Only 'postern serve' and 'postern demo' create a database.
With '--verbose' each command says which database it used; every error says it too.

Exit codes: 0 done, 1 failed (a message, and a line 'hint:' that says what to do), 2 wrong usage, such as an unknown flag
or a value that a flag does not accept. With '--json' a message is one JSON value on standard error, with the members 'error',
'hint', 'problems' (of the settings) and 'database'. Times are in UTC.

This file is written from the command itself: 'go test ./cmd/postern -run TestCommandsAreDocumented -update'.
`, "'", "`")

func TestCommandsAreDocumented(t *testing.T) {
	out := bytes.NewBufferString(commandsHead)
	command := newRoot(&terminal{stdout: io.Discard, stderr: io.Discard})
	for _, cmd := range command.Commands() {
		document(out, cmd, 2)
	}
	golden(t, "commands.md", out.String(), "TestCommandsAreDocumented")
}

var clientsHead = strings.ReplaceAll(`# Clients

The metadata of a client, in the names of RFC 7591 and OpenID Connect Dynamic Client Registration. Operators set it with the flags of
'postern client add' and 'postern client update'; an app that registers itself may set the members with "app" in the last column.
'postern client show' shows everything. The defaults are those of a client of the type web that an operator adds;
[relying-apps.md](relying-apps.md) has those of apps that register themselves.

The flag of a list replaces the whole list; 'client update' also adds and removes single entries: '--add-redirect-uri',
'--remove-redirect-uri', and so on. An empty value removes an optional member.

This file is written from the table that commands and registration use: 'go test ./cmd/postern -run TestClientMembersAreDocumented -update'.

| Member | Flag | Kind | Default | Meaning | Set by |
| --- | --- | --- | --- | --- | --- |
`, "'", "`")

func TestClientMembersAreDocumented(t *testing.T) {
	out := bytes.NewBufferString(clientsHead)
	for _, member := range client.Members() {
		flag, who := "", "operator"
		if member.Flag != "" {
			flag = "`--" + member.Flag + "`"
		}
		if member.Self {
			who = "operator, app"
		}
		preset := strings.Join(member.Values(client.Defaults(client.Web)), " ")
		fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s | %s |\n", member.Name, flag, member.Kind(), preset, strings.ReplaceAll(member.Words, "`", ""), who)
	}
	golden(t, "clients.md", out.String(), "TestClientMembersAreDocumented")
}

// Scanners for leaked secrets search for these prefixes: docs/relying-apps.md must list all that the code uses.
func TestPrefixesAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "relying-apps.md"))
	require.NoError(t, err)
	made := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "bench") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, prefix := range regexp.MustCompile(`"pst_[a-z]+_"`).FindAllString(string(source), -1) {
			made++
			require.Contains(t, string(text), "`"+strings.Trim(prefix, `"`)+"`", path)
		}
		return err
	}))
	require.Greater(t, made, 6)
}

// golden compares a file below docs with the generated text.
func golden(t *testing.T, name, want, test string) {
	t.Helper()
	path := filepath.Join(root, "docs", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "run: go test ./cmd/postern -run "+test+" -update")
}

// document writes the documentation of a command and its subcommands.
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
