package port

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

const exportPage = 500

// ExportOptions select what an export contains.
type ExportOptions struct {
	// Secrets includes password hashes and the keys of authenticators. Anyone who has them can impersonate any user.
	Secrets bool
	// Progress, unless nil, is called with the number of accounts written; the total is unknown and passed as 0.
	Progress func(done, total int)
}

// Export writes every account as a line that [Service.Import] reads, oldest first, and returns the number of accounts. Errors are those of
// the writer and of storage.
func (s *Service) Export(ctx context.Context, w io.Writer, options ExportOptions, by audit.By, now time.Time) (int, error) {
	event := by.Event(audit.UsersExported, "")
	event.Detail["secrets"] = strconv.FormatBool(options.Secrets)
	if err := s.cfg.Audit.Record(ctx, event, now); err != nil {
		return 0, err
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	written, after := 0, ""
	for {
		users, err := s.cfg.Store.Users.List(ctx, after, exportPage)
		if err != nil || len(users) == 0 {
			return written, err
		}
		for _, user := range users {
			l := line{
				Email: user.Email, EmailVerified: user.EmailVerified, Username: user.Username, Groups: user.Groups,
				Disabled: user.Disabled(), Claims: user.Claims,
			}
			if options.Secrets {
				if err := s.addSecrets(ctx, &l, user); err != nil {
					return written, err
				}
			}
			if err := encoder.Encode(l); err != nil {
				return written, err
			}
			written++
			if options.Progress != nil {
				options.Progress(written, 0)
			}
		}
		after = users[len(users)-1].ID
	}
}

func (s *Service) addSecrets(ctx context.Context, l *line, user storage.User) error {
	login, err := s.cfg.Store.Passwords.ByLogin(ctx, user.Email)
	if err != nil {
		return err
	}
	l.PasswordHash = login.Hash
	authenticators, err := s.cfg.Store.Authenticators.OfUser(ctx, user.ID)
	if errors.Is(err, storage.ErrSealed) { // one damaged account must not keep the others from being exported
		s.cfg.Log.ErrorContext(ctx, "stored authenticators are damaged and left out", "user_id", user.ID, "err", err)
		return nil
	}
	if err != nil {
		return err
	}
	for _, a := range authenticators {
		if a.Kind != storage.KindTOTP {
			continue
		}
		uri, _, err := account.URI(s.cfg.Issuer, account.KeyOf(a), user)
		if err != nil {
			s.cfg.Log.ErrorContext(ctx, "stored authenticator is damaged and left out", "user_id", user.ID, "authenticator_id", a.ID, "err", err)
			continue
		}
		l.TOTP = append(l.TOTP, uri)
	}
	return nil
}
