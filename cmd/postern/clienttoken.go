package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
)

func clientTokenCommand(t *terminal) *cobra.Command {
	return group("token", "Tokens with which apps register themselves", clientTokenAddCommand(t), clientTokenListCommand(t), clientTokenRemoveCommand(t))
}

// shownToken is an initial access token as the commands print it. Its text is set only if this command has made it.
type shownToken struct {
	ID        string    `json:"id"`
	Token     string    `json:"token,omitempty"`
	Uses      int64     `json:"uses"`
	UsesLeft  int64     `json:"uses_left"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

func shownTokenOf(token storage.InitialToken, text string) shownToken {
	return shownToken{token.ID, text, token.Uses, token.UsesLeft, token.CreatedAt.Time, token.ExpiresAt.Time}
}

func clientTokenAddCommand(t *terminal) *cobra.Command {
	var uses int64
	var expires time.Duration
	cmd := &cobra.Command{
		Use: "add", Short: "Make a token that lets apps register; it is printed once", Args: noArguments,
		Long: "Make an initial access token (RFC 7591). Anyone who has it can register as many apps as it has uses, as long as the setting\n" +
			"client_registration is token or open. It is printed once.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if uses < 1 || uses > client.MostUses {
				return usage(cmd, fmt.Sprintf("--uses must be a number from 1 to %d", client.MostUses))
			}
			if err := within(cmd, "expires", expires, time.Second, client.LongestLife); err != nil {
				return err
			}
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				token, text, err := s.clients.AddInitialToken(ctx, uses, expires, operator, time.Now())
				if err != nil {
					return err
				}
				return t.show(shownTokenOf(token, text), func(w io.Writer) {
					lines(w, [][]string{
						{"id", token.ID}, {"token", text}, {"uses", strconv.FormatInt(token.Uses, 10)}, {"expires", stamp(token.ExpiresAt.Time)},
						{"register at", s.cfg.Issuer + "/oauth2/register"},
					})
					fmt.Fprintln(w, "\nThe token is shown only once.")
					if s.cfg.ClientRegistration == "closed" {
						fmt.Fprintln(w, "\nwarning: nobody can register with it while the setting client_registration is closed")
					}
				})
			})
		},
	}
	cmd.Flags().Int64Var(&uses, "uses", 1, "`number` of apps that can register with it")
	cmd.Flags().DurationVar(&expires, "expires", 24*time.Hour, "`time` until it expires")
	return cmd
}

func clientTokenListCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all tokens; those used up or expired are listed for 30 days", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				all, err := pages(
					func(after string, limit int) ([]storage.InitialToken, error) {
						return s.clients.InitialTokens(ctx, after, limit)
					},
					func(token storage.InitialToken) string { return token.ID })
				if err != nil {
					return err
				}
				shown, rows := make([]shownToken, len(all)), make([][]string, len(all))
				for i, token := range all {
					shown[i] = shownTokenOf(token, "")
					rows[i] = []string{
						token.ID, fmt.Sprintf("%d of %d", token.UsesLeft, token.Uses), stamp(token.ExpiresAt.Time),
					}
				}
				return t.show(shown, func(w io.Writer) { table(w, []string{"id", "uses left", "expires"}, rows) })
			})
		},
	}
}

func clientTokenRemoveCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "remove ID", Short: "Remove a token; the apps that registered with it stay", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				if err := s.clients.RemoveInitialToken(ctx, args[0], operator, time.Now()); err != nil {
					return s.missing(ctx, err, "client token", args[0])
				}
				return t.show(map[string]string{"id": args[0], "result": "removed"}, func(w io.Writer) { fmt.Fprintf(w, "%s: removed\n", args[0]) })
			})
		},
	}
}
