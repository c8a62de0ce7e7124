package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/postern-id/postern/config"
)

// usageError says that the command line is wrong: exit code 2.
type usageError struct{ command, message, hint string }

func (e *usageError) Error() string { return e.message }

func usage(cmd *cobra.Command, message string) error {
	return &usageError{command: cmd.CommandPath(), message: message}
}

// noArguments refuses arguments: an unknown subcommand ends here as well.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return &usageError{cmd.CommandPath(), "unknown command or argument: " + args[0], didYouMean(cmd.CommandPath()+" ", args[0], names)}
}

// arguments requires exactly n arguments.
func arguments(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(cmd, "usage: "+cmd.UseLine())
		}
		return nil
	}
}

// oneOf requires one argument out of a few.
func oneOf(choices ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := arguments(1)(cmd, args); err != nil {
			return err
		}
		for _, choice := range choices {
			if args[0] == choice {
				return nil
			}
		}
		return usage(cmd, fmt.Sprintf("%.100q is not one of: %s", args[0], strings.Join(choices, ", ")))
	}
}

// flagFault returns a message of Postern for an error of cobra about a flag.
func flagFault(cmd *cobra.Command, err error) error {
	fault := &usageError{command: cmd.CommandPath(), message: err.Error()}
	if unknown, is := errors.AsType[*pflag.NotExistError](err); is {
		name := "--" + unknown.GetSpecifiedName()
		if letters := unknown.GetSpecifiedShortnames(); letters != "" {
			name = "-" + letters
		}
		var names []string
		cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
		fault.message = "there is no flag " + name
		fault.hint = didYouMean("--", unknown.GetSpecifiedName(), names)
	}
	if wanting, is := errors.AsType[*pflag.ValueRequiredError](err); is {
		fault.message = "--" + wanting.GetFlag().Name + " needs a value"
	}
	if wrong, is := errors.AsType[*pflag.InvalidValueError](err); is {
		fault.message = fmt.Sprintf("--%s: %s", wrong.GetFlag().Name, valueFault(wrong))
	}
	return fault
}

// valueFault returns a message that says what kind of value a flag needs.
func valueFault(wrong *pflag.InvalidValueError) string {
	switch wrong.GetFlag().Value.Type() {
	case "int", "int64":
		return fmt.Sprintf("%.100q is not a number, or too large", wrong.GetValue())
	case "duration":
		return fmt.Sprintf("%.100q is not a time: write a number with a unit, such as 30m, 12h or 168h", wrong.GetValue())
	case "bool":
		return fmt.Sprintf("%.100q is neither true nor false", wrong.GetValue())
	}
	return wrong.Unwrap().Error()
}

// within refuses a duration outside of what a flag allows.
func within(cmd *cobra.Command, flag string, value, least, most time.Duration) error {
	if value < least || value > most {
		return usage(cmd, fmt.Sprintf("--%s must be a time from %s to %s", flag, least, most))
	}
	return nil
}

// didYouMean returns a question that suggests one of names, after prefix: the first that begins with name, or else the most similar one. It
// is "" if no name is similar.
func didYouMean(prefix, name string, names []string) string {
	best := ""
	for _, candidate := range names {
		if len(name) >= 3 && strings.HasPrefix(strings.ToLower(candidate), strings.ToLower(name)) {
			best = candidate
			break
		}
	}
	if best == "" {
		best = config.Near(name, names, max(1, (len(name)+1)/3))
	}
	if best == "" {
		return ""
	}
	return "did you mean " + prefix + best + "?"
}

// helpCommand returns the command help, which shows the manual of a command. An unknown command is a usage error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about any command",
		RunE: func(help *cobra.Command, args []string) error {
			cmd, rest, err := help.Root().Find(args)
			if err != nil {
				return usage(help, err.Error())
			}
			if len(rest) > 0 {
				return noArguments(cmd, rest)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
