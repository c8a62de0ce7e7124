package account

import (
	"context"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

const exportPage = 500

// Export writes every account as a line that Import reads, oldest first, and returns how many there were. With secrets, the
// lines hold password hashes and the keys of authenticators; whoever has them can pretend to be anybody.
func (s *Service) Export(ctx context.Context, w io.Writer, secrets bool, by Operator, now time.Time) (int, error) {
	event := by.event(audit.UsersExported, "")
	if event.Detail == nil {
		event.Detail = map[string]string{}
	}
	event.Detail["secrets"] = strconv.FormatBool(secrets)
	if err := s.audit.Record(ctx, event, now); err != nil {
		return 0, err
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	written, after := 0, ""
	for {
		users, err := s.store.Users(ctx, after, exportPage)
		if err != nil || len(users) == 0 {
			return written, err
		}
		for _, user := range users {
			l := line{
				Email: user.Email, EmailVerified: user.EmailVerified, Username: user.Username, Groups: user.Groups,
				Disabled: user.Disabled(), Claims: user.Claims,
			}
			if secrets {
				if err := s.addSecrets(ctx, &l, user); err != nil {
					return written, err
				}
			}
			if err := encoder.Encode(l); err != nil {
				return written, err
			}
			written++
		}
		after = users[len(users)-1].ID
	}
}

func (s *Service) addSecrets(ctx context.Context, l *line, user storage.User) error {
	login, err := s.store.PasswordLogin(ctx, user.Email)
	if err != nil {
		return err
	}
	l.PasswordHash = login.Hash
	authenticators, err := s.store.Authenticators(ctx, user.ID)
	if err != nil {
		return err
	}
	for _, a := range authenticators {
		uri, err := otp.URI(keyOf(a), s.cfg.Issuer, user.Email)
		if err != nil {
			return err
		}
		l.TOTP = append(l.TOTP, uri)
	}
	return nil
}
