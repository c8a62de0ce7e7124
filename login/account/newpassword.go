package account

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/postern-id/postern/login/password"
)

// checkNew returns a *WeakPasswordError for a password that may not be set. about is what the person is called.
func (s *Service) checkNew(typed string, about ...string) error {
	if err := password.Check(typed, append(about, s.cfg.Issuer)...); err != nil {
		return err
	}
	if utf8.RuneCountInString(norm.NFKC.String(typed)) < s.cfg.MinPassword {
		return &password.WeakError{Reason: password.Short, Limit: s.cfg.MinPassword}
	}
	return nil
}
