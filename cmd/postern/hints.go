package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/account/port"
	"github.com/postern-id/postern/storage"
)

// hintFor returns a hint for an error without a hint of its own.
func hintFor(err error) string {
	if hint := accountHint(err); hint != "" {
		return hint
	}
	switch {
	case errors.Is(err, storage.ErrPooling):
		return "set PgBouncer's pool_mode to transaction or session; docs/operating.md has a section on poolers"
	case errors.Is(err, storage.ErrUnavailable):
		return "is the database running, and is database.url right? postern config check checks the settings"
	case errors.Is(err, storage.ErrNotFound):
		return "the list command shows all"
	case errors.Is(err, storage.ErrConflict):
		return "choose another name, or change the one that exists"
	case errors.Is(err, storage.ErrStale):
		return "somebody else changed it at the same time: try again"
	case errors.Is(err, fs.ErrNotExist):
		return "name a file that exists"
	case errors.Is(err, fs.ErrPermission):
		return "check the owner and the mode of the file and of its folder"
	}
	return "check the settings with postern config show; to report a bug, include this message and the output of postern version"
}

// accountHint returns a hint for an error of package account, or "" for any other error.
func accountHint(err error) string {
	var invalid *identity.InvalidError
	switch {
	case errors.As(err, new(*account.WeakPasswordError)):
		return "choose another password, or leave --password-stdin out: then the person chooses one"
	case errors.As(err, &invalid) && invalid.Lookalike:
		return "if this is intended, add --allow-lookalike"
	case invalid != nil:
		return "nothing was changed: correct it and run the command again"
	case errors.Is(err, port.ErrImport):
		return "correct these lines and run it again; --dry-run changes nothing"
	case errors.Is(err, account.ErrBusy):
		return "run it again in a few seconds"
	}
	return ""
}

// missing replaces storage.ErrNotFound by an error that names what does not exist, and what may have been meant. kind is the command that lists
// such things.
func (s *services) missing(ctx context.Context, err error, kind, name string) error {
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	meant := didYouMean("", name, s.names(ctx, kind))
	return withHint(fmt.Errorf("there is no %s %s", kind, name), strings.TrimSpace(meant+" postern "+kind+" list shows all"))
}

// mostNames is how many names are searched for the one that was meant.
const mostNames = 5000

// names returns the names of all things of a kind. It is only for hints, so it ignores errors.
func (s *services) names(ctx context.Context, kind string) (names []string) {
	switch kind {
	case "user":
		for after := ""; len(names) < mostNames; {
			users, err := s.accounts.Operate.List(ctx, after, 500)
			if err != nil || len(users) == 0 {
				break
			}
			for _, user := range users {
				names = append(names, user.Email, user.ID)
				if user.Username != "" {
					names = append(names, user.Username)
				}
			}
			after = users[len(users)-1].ID
		}
	case "client":
		clients, _ := s.clients.List(ctx, "", mostNames)
		for _, c := range clients {
			names = append(names, c.ID)
		}
	case "client token":
		tokens, _ := s.clients.InitialTokens(ctx, "", mostNames)
		for _, token := range tokens {
			names = append(names, token.ID)
		}
	case "key":
		for _, key := range s.keys.List(time.Now()) {
			names = append(names, key.ID)
		}
	}
	return names
}
