package mail

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
)

// A Token returns an access token for the mailbox, used to sign in by XOAUTH2. It is called for each connection, because tokens expire
// after about an hour.
type Token func(ctx context.Context) (string, error)

// TokenFile returns a Token that reads a file, which another program keeps up to date.
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

// TokenCommand returns a Token that runs a command and reads its output. The words of the command are separated by blanks; no shell
// interprets them.
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
