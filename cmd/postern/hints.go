package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
)

// hintFor says what to do about an error that has no hint of its own.
func hintFor(err error) string {
	if hint := accountHint(err); hint != "" {
		return hint
	}
	switch {
	case errors.Is(err, storage.ErrPooling):
		return "set PgBouncer's pool_mode to transaction or session; docs/operating.md has a section on poolers"
	case errors.Is(err, storage.ErrUnavailable):
		return "is the database running, and is database.url right? postern config check looks at the settings"
	case errors.Is(err, storage.ErrNotFound):
		return "the list command shows what there is"
	case errors.Is(err, storage.ErrConflict):
		return "choose another name, or change the one that exists"
	case errors.Is(err, storage.ErrStale):
		return "somebody else changed it at the same time: try again"
	case errors.Is(err, fs.ErrNotExist):
		return "name a file that exists"
	case errors.Is(err, fs.ErrPermission):
		return "look at the owner and the mode of the file and of its folder"
	}
	return "look at the settings with postern config show; the message, with postern version, is what a report needs"
}

// accountHint says what to do about an error of package account; empty for any other.
func accountHint(err error) string {
	var invalid *account.InvalidError
	switch {
	case errors.As(err, new(*account.WeakPasswordError)):
		return "choose another password, or leave --password-stdin out: then the person chooses one"
	case errors.As(err, &invalid) && invalid.Lookalike:
		return "if it is meant, add --allow-lookalike"
	case invalid != nil:
		return "nothing was changed: correct it and run the command again"
	case errors.Is(err, account.ErrImport):
		return "correct these lines and run it again; --dry-run changes nothing"
	case errors.Is(err, account.ErrBusy):
		return "run it again in a few seconds"
	}
	return ""
}

// missing names what is not there in place of storage.ErrNotFound; kind is the command that lists such things.
func missing(err error, kind, name string) error {
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return withHint(fmt.Errorf("there is no %s %s", kind, name), "postern "+kind+" list shows all")
}
