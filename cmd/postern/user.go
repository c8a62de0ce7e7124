package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/operate"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

func userCommand(t *terminal) *cobra.Command {
	return group("user", "The people who sign in; USER is an id, user name or e-mail address",
		userAddCommand(t), userListCommand(t), userShowCommand(t), userInviteCommand(t), userResetFactorCommand(t),
		userChangeCommand(t, "disable", "disabled", "Disable an account: its sessions and what apps were granted end at once", (*operate.Service).Disable),
		userChangeCommand(t, "enable", "enabled", "Enable an account again", (*operate.Service).Enable),
		userChangeCommand(t, "unlock", "unlocked", "Clear the counters of wrong passwords and codes, and the effects of a clock that ran ahead", (*operate.Service).Unlock),
		userChangeCommand(t, "delete", "deleted", "Remove an account and everything that belongs to it", (*operate.Service).Delete),
		userSessionsCommand(t), userSignOutCommand(t), userImportCommand(t), userExportCommand(t))
}

// shownUser is a user as the commands print it.
type shownUser struct {
	ID            string         `json:"id"`
	Email         string         `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	Username      string         `json:"username,omitempty"`
	Admin         bool           `json:"admin"`
	Groups        []string       `json:"groups"`
	Claims        map[string]any `json:"claims"`
	Disabled      bool           `json:"disabled"`
	CreatedAt     time.Time      `json:"created_at"`
	InvitationURL string         `json:"invitation_url,omitempty"`
}

func shownUserOf(u storage.User, invitation string) shownUser {
	groups := u.Groups
	if groups == nil {
		groups = storage.Strings{}
	}
	return shownUser{
		u.ID, u.Email, u.EmailVerified, u.Username, u.Admin, groups, u.Claims, u.Disabled(), u.CreatedAt.Time, invitation,
	}
}

func stateOf(u storage.User) string {
	if u.Disabled() {
		return "disabled"
	}
	return "enabled"
}

func (t *terminal) showUser(u storage.User, invitation account.Link) error {
	return t.show(shownUserOf(u, invitation.URL), func(w io.Writer) {
		lines(w, [][]string{{"id", u.ID}, {"e-mail", u.Email}, {"username", u.Username}})
		if invitation.URL != "" {
			fmt.Fprintf(w, "\nInvitation, valid until %s, for this person only:\n%s\n", stamp(invitation.ExpiresAt), invitation.URL)
		}
	})
}

func userAddCommand(t *terminal) *cobra.Command {
	var add identity.NewUser
	var claims []string
	var passwordStdin bool
	cmd := &cobra.Command{
		Use: "add", Short: "Make an account and print its invitation link", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if add.Email == "" {
				return usage(cmd, "--email is required")
			}
			var err error
			if add.Claims, err = parseClaims(cmd, claims); err != nil {
				return err
			}
			if passwordStdin {
				if add.Password, err = t.readLine(); err != nil {
					return err
				}
				if add.Password == "" {
					return usage(cmd, "--password-stdin: standard input is empty")
				}
			}
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				user, invitation, err := s.accounts.Operate.Add(ctx, add, operator, time.Now())
				if errors.Is(err, storage.ErrConflict) {
					return withHint(errors.New("an account with this e-mail address or user name already exists"), "postern user list shows all")
				}
				if err != nil {
					return userFault(err)
				}
				return t.showUser(user, invitation)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&add.Email, "email", "", "e-mail `address` (required)")
	flags.StringVar(&add.Name, "name", "", "full `name`")
	flags.StringVar(&add.Username, "username", "", "user `name` to sign in with, besides the e-mail address")
	flags.BoolVar(&add.EmailVerified, "email-verified", false, "mark the e-mail address as verified")
	flags.BoolVar(&add.Admin, "admin", false, "let the person administer Postern")
	flags.StringArrayVar(&add.Groups, "group", nil, "`group` that the person is in; may be repeated")
	flags.StringArrayVar(&claims, "claim", nil, "a claim as `key=value`, such as locale=en-GB; may be repeated")
	flags.BoolVar(&add.AllowLookalike, "allow-lookalike", false, "allow a name or address that mixes scripts or looks like another one")
	flags.BoolVar(&passwordStdin, "password-stdin", false, "read the password from standard input instead of letting the person choose")
	return cmd
}

// userFault names the flags instead of the fields of an account.
func userFault(err error) error {
	lines := faultLines(err)
	if len(lines) == 0 {
		return err
	}
	return withHint(errors.New(strings.Join(lines, "\n")), hintFor(err))
}

func faultLines(err error) (lines []string) {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		for _, part := range joined.Unwrap() {
			lines = append(lines, faultLines(part)...)
		}
		return lines
	}
	if fault, is := errors.AsType[*identity.InvalidError](err); is {
		flag := map[string]string{"email": "--email", "username": "--username", "groups": "--group", "claims.name": "--name"}[fault.Field]
		if claim, is := strings.CutPrefix(fault.Field, "claims."); flag == "" && is {
			flag = "--claim " + claim
		}
		lines = append(lines, cmp.Or(flag, fault.Field)+": "+fault.Message)
	}
	return lines
}

// parseClaims reads claims in the form key=value. Values are strings, except address and phone_number_verified, which are JSON.
func parseClaims(cmd *cobra.Command, given []string) (map[string]any, error) {
	claims := map[string]any{}
	for _, claim := range given {
		key, text, found := strings.Cut(claim, "=")
		if !found {
			return nil, usage(cmd, "--claim needs key=value")
		}
		claims[key] = text
		if key != "address" && key != "phone_number_verified" {
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return nil, usage(cmd, "--claim "+key+` must be JSON: phone_number_verified=true, address={"locality":"Berlin"}`)
		}
		claims[key] = value
	}
	return claims, nil
}

func userListCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Show all accounts", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				users, err := pages(func(after string, limit int) ([]storage.User, error) {
					return s.accounts.Operate.List(ctx, after, limit)
				},
					func(u storage.User) string { return u.ID })
				if err != nil {
					return err
				}
				shown, rows := make([]shownUser, len(users)), make([][]string, len(users))
				for i, u := range users {
					shown[i] = shownUserOf(u, "")
					rows[i] = []string{u.ID, u.Email, u.Username, stateOf(u)}
				}
				return t.show(shown, func(w io.Writer) { table(w, []string{"id", "e-mail", "username", "state"}, rows) })
			})
		},
	}
}

func userInviteCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "invite USER", Short: "Make a new invitation; an earlier one stops working", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				user, invitation, err := s.accounts.Operate.Invite(ctx, args[0], operator, time.Now())
				if errors.Is(err, account.ErrEnrolled) {
					return withHint(err, "postern user reset-factor removes the authenticators and makes an invitation")
				}
				if err != nil {
					return s.missing(ctx, err, "user", args[0])
				}
				return t.showUser(user, invitation)
			})
		},
	}
}

func userResetFactorCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use: "reset-factor USER", Short: "Remove authenticators and recovery codes, end all sessions and access of apps, and print a new invitation", Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				user, invitation, err := s.accounts.Operate.ResetFactor(ctx, args[0], operator, time.Now())
				if err != nil {
					return s.missing(ctx, err, "user", args[0])
				}
				return t.showUser(user, invitation)
			})
		},
	}
}

// userChangeCommand makes a command that changes the state of one account; done is the state of the account after it.
func userChangeCommand(t *terminal, verb, done, short string,
	change func(*operate.Service, context.Context, string, audit.By, time.Time) (storage.User, error),
) *cobra.Command {
	return &cobra.Command{
		Use: verb + " USER", Short: short, Args: arguments(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.withServices(cmd, func(ctx context.Context, s *services) error {
				user, err := change(s.accounts.Operate, ctx, args[0], operator, time.Now())
				if err != nil {
					return s.missing(ctx, err, "user", args[0])
				}
				result := map[string]string{"id": user.ID, "email": user.Email, "result": done}
				return t.show(result, func(w io.Writer) { fmt.Fprintf(w, "%s (%s): %s\n", user.Email, user.ID, done) })
			})
		},
	}
}
