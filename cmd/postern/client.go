package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

func clientCommand(t *terminal) *cobra.Command {
	return group("client", "The apps that sign people in through Postern",
		clientAddCommand(t), clientListCommand(t), clientShowCommand(t), clientUpdateCommand(t), clientRotateSecretCommand(t),
		clientSwitchCommand(t, "disable", "Disable a client: nothing granted to it works until it is enabled again", (*client.Registry).Disable),
		clientSwitchCommand(t, "enable", "Enable a client again", (*client.Registry).Enable),
		clientSwitchCommand(t, "remove", "Remove a client and everything granted to it", (*client.Registry).Remove),
		clientTokenCommand(t))
}

// shownClient is a client as the commands print it. The secret is set only if this command has made it.
type shownClient struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret,omitempty"`
	client.Metadata
	Disabled  bool      `json:"disabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	// OldSecretUntil is until when the previous secret is accepted.
	OldSecretUntil time.Time `json:"old_secret_until,omitzero"`
	SelfRegistered bool      `json:"self_registered"`
}

func shownAs(c *client.Client, secret string) shownClient {
	return shownClient{c.ID, secret, c.Metadata, c.Disabled, c.CreatedAt, c.UpdatedAt, c.OldSecretUntil, c.SelfRegistered}
}

// showClient prints a client, with the values that its developers enter in their library.
func (t *terminal) showClient(s *services, c *client.Client, secret string) error {
	return t.show(shownAs(c, secret), func(w io.Writer) {
		lines(w, append([][]string{
			{"client_id", c.ID}, {"client_secret", secret}, {"issuer", s.cfg.Issuer},
			{"discovery", s.cfg.Issuer + "/.well-known/openid-configuration"},
		}, clientLines(c)...))
		if secret != "" {
			fmt.Fprintln(w, "\nThe secret is shown only once.")
		}
	})
}

// registrantOf says who registered a client.
func registrantOf(c *client.Client) string {
	if c.SelfRegistered {
		return "itself"
	}
	return "operator"
}

func clientAddCommand(t *terminal) *cobra.Command {
	flags := &clientFlags{}
	var id string
	var secretStdin, ifMissing bool
	cmd := &cobra.Command{
		Use: "add", Short: "Register a client; its secret is printed once", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("name") {
				return usage(cmd, "--name is required")
			}
			registration := client.Registration{ID: id, Metadata: client.Defaults(client.Type(cmp.Or(cmd.Flag("type").Value.String(), string(client.Web))))}
			if err := flags.apply(cmd, &registration.Metadata); err != nil {
				return err
			}
			if secretStdin {
				secret, err := t.readLine()
				if err != nil {
					return err
				}
				if secret == "" {
					return usage(cmd, "--secret-stdin: standard input is empty")
				}
				registration.Secret = secret
			}
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				if !cmd.Flags().Changed("pkce") && s.cfg.Clients.PKCE == "required" {
					registration.PKCERequired = true
				}
				c, secret, err := s.clients.Add(ctx, registration, operator, time.Now())
				if errors.Is(err, storage.ErrConflict) && ifMissing {
					c, err = s.clients.Client(ctx, id)
				}
				if errors.Is(err, storage.ErrConflict) {
					return withHint(fmt.Errorf("client %s already exists", id), "choose another --id, or change the existing client with postern client update")
				}
				if err != nil {
					return clientFault(err)
				}
				if secretStdin {
					secret = "" // the operator has typed the secret, so it is not printed
				}
				return t.showClient(s, c, secret)
			})
		},
	}
	flags.register(cmd, false)
	cmd.Flags().StringVar(&id, "id", "", "`client_id`; default: a random one")
	cmd.Flags().BoolVar(&ifMissing, "if-missing", false, "if a client with this --id exists, leave it as it is and succeed")
	cmd.Flags().BoolVar(&secretStdin, "secret-stdin", false, "read a secret of your own, 32 characters or more, from standard input")
	return cmd
}

func clientUpdateCommand(t *terminal) *cobra.Command {
	flags := &clientFlags{}
	cmd := &cobra.Command{
		Use: "update CLIENT", Short: "Change the registration of a client; what no flag names stays as it is", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				found, err := s.clients.Client(ctx, args[0])
				if err != nil {
					return s.missing(ctx, err, "client", args[0])
				}
				metadata := found.Metadata
				if err := flags.apply(cmd, &metadata); err != nil {
					return err
				}
				changed, secret, err := s.clients.Update(ctx, found.ID, found.Version, metadata, operator, time.Now())
				if err != nil {
					return clientFault(err)
				}
				return t.showClient(s, changed, secret)
			})
		},
	}
	flags.register(cmd, true)
	return cmd
}

func clientListCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all clients", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				all, err := pages(func(after string, limit int) ([]*client.Client, error) { return s.clients.List(ctx, after, limit) },
					func(c *client.Client) string { return c.ID })
				if err != nil {
					return err
				}
				shown := make([]shownClient, len(all))
				rows := make([][]string, len(all))
				for i, c := range all {
					shown[i] = shownAs(c, "")
					state := "enabled"
					if c.Disabled {
						state = "disabled"
					}
					rows[i] = []string{c.ID, c.Name, string(c.Type), state, registrantOf(c)}
				}
				return t.show(shown, func(w io.Writer) {
					table(w, []string{"client_id", "name", "type", "state", "by"}, rows)
				})
			})
		},
	}
}

func clientShowCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "show CLIENT", Short: "Show a client", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				c, err := s.clients.Client(ctx, args[0])
				if err != nil {
					return s.missing(ctx, err, "client", args[0])
				}
				return t.showClient(s, c, "")
			})
		},
	}
}

func clientRotateSecretCommand(t *terminal) *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate-secret CLIENT", Short: "Give a client a new secret; the old one stays valid for a while", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := within(cmd, "overlap", overlap, 0, 365*24*time.Hour); err != nil {
				return err
			}
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				secret, err := s.clients.RotateSecret(ctx, args[0], overlap, operator, time.Now())
				if errors.Is(err, client.ErrNoSecret) {
					return withHint(err, "this client authenticates in another way: see postern client show")
				}
				if err != nil {
					return s.missing(ctx, err, "client", args[0])
				}
				c, err := s.clients.Client(ctx, args[0])
				if err != nil {
					return err
				}
				return t.showClient(s, c, secret)
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "`time` for which the old secret stays valid")
	return cmd
}

// clientSwitchCommand makes a command that changes the state of one client; verb is a word on -e.
func clientSwitchCommand(
	t *terminal, verb, short string, change func(*client.Registry, context.Context, string, audit.By, time.Time) error,
) *cobra.Command {
	return &cobra.Command{
		Use: verb + " CLIENT", Short: short, Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				if err := change(s.clients, ctx, args[0], operator, time.Now()); err != nil {
					return s.missing(ctx, err, "client", args[0])
				}
				result := map[string]string{"client_id": args[0], "result": verb + "d"}
				return t.show(result, func(w io.Writer) { fmt.Fprintf(w, "%s: %sd\n", args[0], verb) })
			})
		},
	}
}
