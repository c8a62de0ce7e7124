package main

import "github.com/spf13/cobra"

// initCompletion adds the completion command, whose usage errors are treated like those of every other command. File names are completed
// only where a file is expected.
func initCompletion(root *cobra.Command) {
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.InitDefaultCompletionCmd()
	complete(root, "config", files)
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Args, cmd.RunE = noArguments, nameSubcommand
		for _, shell := range cmd.Commands() {
			shell.Args = noArguments
		}
	}
}

// files completes file names.
var files = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)

// choices completes fixed values.
func choices(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// complete lets the shell complete the value of a flag.
func complete(cmd *cobra.Command, flag string, with cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, with); err != nil {
		panic(err) // there is no such flag
	}
}
