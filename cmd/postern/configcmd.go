package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/config"
)

func configCommand(t *terminal) *cobra.Command {
	return group("config", "The settings", configCheckCommand(t), configShowCommand(t))
}

func configCheckCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Report every mistake at once", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := t.load(nil)
			problems, found := errors.AsType[config.Problems](err)
			if err != nil && !found {
				return err
			}
			checked := struct {
				OK       bool            `json:"ok"`
				Problems config.Problems `json:"problems,omitempty"`
				Warnings config.Problems `json:"warnings,omitempty"`
			}{!found, problems, nil}
			if !found {
				checked.Warnings = fileWarnings(cfg)
			}
			return errors.Join(err, t.show(checked, func(w io.Writer) {
				if !found {
					fmt.Fprintln(w, "the settings are fine")
				}
				for _, warning := range checked.Warnings {
					fmt.Fprintf(w, "warning: %s: %s\nhint: %s\n", warning.Setting, warning.Message, warning.Hint)
				}
			}))
		},
	}
}

func configShowCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show the settings in force and where each comes from, wrong ones too; secrets are masked", Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			values, wrong := config.Inspect(t.sources(nil))
			return errors.Join(wrong, t.show(values, func(w io.Writer) {
				rows := make([][]string, len(values))
				for i, v := range values {
					rows[i] = []string{v.Key, v.Value, cmp.Or(v.Where, string(v.Source))}
				}
				table(w, []string{"setting", "value", "from"}, rows)
			}))
		},
	}
}
