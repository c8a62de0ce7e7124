package mail

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
)

// A Token returns the access token of the mailbox that signs in by XOAUTH2. It is called for each connection, because tokens expire after an
// hour or so.
type Token func(ctx context.Context) (string, error)

// TokenFile returns the token in a file, which another program keeps fresh.
func TokenFile(path string) Token {
	return func(context.Context) (string, error) {
		text, err := os.ReadFile(path)
		if err == nil && len(bytes.TrimSpace(text)) == 0 {
			err = os.ErrNotExist
		}
		if err != nil {
			return "", &failure{what: "was not asked: the file with the token cannot be read or is empty", server: true}
		}
		return string(bytes.TrimSpace(text)), nil
	}
}

// TokenCommand returns the token that a command prints. Its words are separated by blanks; no shell reads them.
func TokenCommand(command string) Token {
	words := strings.Fields(command)
	return func(ctx context.Context) (string, error) {
		text, err := exec.CommandContext(ctx, words[0], words[1:]...).Output()
		if err != nil || len(bytes.TrimSpace(text)) == 0 {
			return "", &failure{what: "was not asked: the command for the token failed or printed nothing", server: true}
		}
		return string(bytes.TrimSpace(text)), nil
	}
}
