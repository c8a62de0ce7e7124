package account

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/postern-id/postern/login/password"
)

// Strength estimates how hard a password that may be set is to guess, from 0 (instantly) to 4 (very hard).
func (s *Service) Strength(typed string) int { return password.Strength(typed, s.cfg.Issuer) }

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
