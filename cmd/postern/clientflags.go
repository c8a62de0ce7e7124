package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/provider/client"
)

// memberFlag is the flag for one member of a client's metadata. It collects the given values; apply writes them.
type memberFlag struct {
	client.Member
	given []string
}

func (f *memberFlag) String() string { return strings.Join(f.given, ", ") }

func (f *memberFlag) Set(value string) error {
	if err := f.Check(value); err != nil && !f.File {
		return err
	}
	f.given = append(f.given, value)
	return nil
}

func (f *memberFlag) Type() string {
	if f.Switch() {
		return "bool"
	}
	return "string"
}

// values returns the given values, or the content of the given file.
func (f *memberFlag) values() ([]string, error) {
	if !f.File {
		return f.given, nil
	}
	content, err := os.ReadFile(f.given[len(f.given)-1])
	return []string{string(content)}, err
}

// clientFlags are the flags for the metadata of a client: one for each member that has a flag, and for lists two more, which add and remove
// entries.
type clientFlags struct{ set, add, remove []*memberFlag }

// register adds the flags to a command; changing is true if the client already exists.
func (f *clientFlags) register(cmd *cobra.Command, changing bool) {
	for _, member := range client.Members() {
		if member.Flag == "" || member.Fixed && changing {
			continue
		}
		words := member.Words
		if member.List() && changing {
			f.add = append(f.add, listFlag(cmd, member, "add-"+member.Flag, "`"+placeholder(words)+"` to add to the list; may be repeated"))
			f.remove = append(f.remove, listFlag(cmd, member, "remove-"+member.Flag, "`"+placeholder(words)+"` to remove from the list; may be repeated"))
			words += "; replaces the whole list; may be repeated"
		} else if member.List() {
			words += "; may be repeated"
		}
		if preset := strings.Join(member.Values(client.Defaults(client.Web)), " "); preset != "" && !member.Switch() && !changing {
			words += "; default: " + preset
		}
		f.set = append(f.set, listFlag(cmd, member, member.Flag, words))
	}
}

// listFlag adds one flag of a member.
func listFlag(cmd *cobra.Command, member client.Member, name, words string) *memberFlag {
	f := &memberFlag{Member: member}
	flag := cmd.Flags().VarPF(f, name, "", words)
	switch {
	case member.Switch():
		flag.NoOptDefVal = "true"
	case member.File:
		complete(cmd, name, files)
	case len(member.Choices) > 0:
		complete(cmd, name, choices(member.Choices...))
	}
	return f
}

// placeholder returns the word in backquotes.
func placeholder(words string) string { return strings.Split(words, "`")[1] }

// apply writes the flags that were given into m.
func (f *clientFlags) apply(cmd *cobra.Command, m *client.Metadata) error {
	given := cmd.Flags().Changed
	if given("jwks-file") && given("jwks-uri") {
		return usage(cmd, "--jwks-file and --jwks-uri exclude each other")
	}
	for _, flag := range f.set {
		if len(flag.given) == 0 {
			continue
		}
		values, err := flag.values()
		if err != nil {
			return err
		}
		flag.Member.Set(m, values)
	}
	for _, flag := range f.add {
		if len(flag.given) > 0 {
			flag.Add(m, flag.given)
		}
	}
	for _, flag := range f.remove {
		if err := flag.Remove(m, flag.given); err != nil {
			return withHint(fmt.Errorf("--remove-%s: %w", flag.Flag, err), "registered are: "+strings.Join(flag.Values(*m), " "))
		}
	}
	if given("grant-type") && !given("response-type") && !slices.Contains(m.GrantTypes, client.GrantCode) && !slices.Contains(m.GrantTypes, client.GrantImplicit) {
		m.ResponseTypes = nil // the client does not use the authorization endpoint
	}
	return nil
}

// clientFault lists every fault of a registration by the flag that corrects it, so that one run shows them all.
func clientFault(err error) error {
	faults := client.Faults(err)
	if len(faults) == 0 {
		return err
	}
	lines := make([]string, len(faults))
	for i, fault := range faults {
		lines[i] = flagOf(fault.Field) + ": " + fault.Message
	}
	return withHint(errors.New(strings.Join(lines, "\n")), "postern client add --help lists what can be registered")
}

// flagOf returns the flag of a member, or the member's name if it has no flag.
func flagOf(name string) string {
	switch name {
	case "client_id":
		return "--id"
	case "client_secret":
		return "--secret-stdin"
	}
	if member, found := client.MemberNamed(name); found && member.Flag != "" {
		return "--" + member.Flag
	}
	return name
}

// clientLines returns the metadata of a client as lines. An empty value has no line.
func clientLines(c *client.Client) [][]string {
	state, oldSecret := "enabled", ""
	if c.Disabled {
		state = "disabled"
	}
	if !c.OldSecretUntil.IsZero() {
		oldSecret = "valid until " + stamp(c.OldSecretUntil)
	}
	rows := [][]string{{"state", state}, {"registered", stamp(c.CreatedAt) + ", by " + registrantOf(c)}, {"old secret", oldSecret}}
	for _, member := range client.Members() {
		values := member.Values(c.Metadata)
		if member.List() && member.Inline() {
			values = []string{strings.Join(values, " ")}
		}
		rows = append(rows, append([]string{member.Label}, values...))
	}
	return rows
}
