package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/keys"
)

func keyCommand(t *terminal) *cobra.Command {
	return group("key", "The keys that sign tokens", keyListCommand(t), keyRotateCommand(t), keyRetireCommand(t))
}

func keyListCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all signing keys", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withServices(cmd, func(_ context.Context, s *services) error {
				list := s.keys.List(time.Now())
				return t.showKeys(list, list...)
			})
		},
	}
}

func keyRotateCommand(t *terminal) *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use: "rotate ALG", Short: "Make a new key for RS256, PS256, ES256 or EdDSA", Args: oneOf(client.SigningAlgs()...), ValidArgs: client.SigningAlgs(),
		Long: "Make a new key. It is published at once and signs after 24 hours, when every client has seen it; older keys of the algorithm\n" +
			"retire then and stay published as long as a token that they signed can be valid.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				made, err := s.keys.Rotate(ctx, args[0], now, operator, time.Now())
				if err != nil {
					return err
				}
				return t.showKeys(made, made)
			})
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "sign with it at once: clients that have cached the old key set will refuse tokens for a while")
	return cmd
}

func keyRetireCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use: "retire [--] KID", Short: "Remove a key at once, because it may have leaked", Args: arguments(1),
		Long: "Remove a key at once: tokens that it signed become invalid. Run postern key rotate with --now for its algorithm first.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				retired, err := s.keys.Retire(ctx, args[0], operator, time.Now())
				if errors.Is(err, keys.ErrLastKey) {
					return withHint(err, "run postern key rotate --now with its algorithm first")
				}
				if err != nil {
					return s.missing(ctx, err, "key", args[0])
				}
				return t.showKeys(retired, retired)
			})
		},
	}
	// One kid in 64 begins with a hyphen.
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		fault := flagFault(cmd, err).(*usageError)
		fault.message += "; a KID that begins with - stands behind --"
		return fault
	})
	return cmd
}

// showKeys prints value as JSON, or else the keys in a table.
func (t *terminal) showKeys(value any, list ...keys.Key) error {
	return t.show(value, func(w io.Writer) {
		rows := make([][]string, len(list))
		for i, k := range list {
			rows[i] = []string{k.ID, k.Algorithm, string(k.State), stamp(k.SignsFrom), stamp(k.RetiredAt), stamp(k.PublishedUntil)}
			if k.Fault != "" {
				rows[i][2] = fmt.Sprintf("%s (%s)", k.State, k.Fault)
			}
		}
		table(w, []string{"kid", "alg", "state", "signs from", "retires", "published until"}, rows)
	})
}
