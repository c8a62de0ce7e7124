package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// ErrImport: nothing was imported, because some lines cannot be imported. The report names them.
var ErrImport = errors.New("nothing was imported")

// Report says what an import did, or would do.
type Report struct {
	Users  []Imported  `json:"users"`
	Faults []LineFault `json:"faults"`
}

// Imported is an account that was created, or would be.
type Imported struct {
	Line           int    `json:"line"`
	ID             string `json:"id,omitempty"` // empty in a dry run
	Email          string `json:"email"`
	Authenticators int    `json:"authenticators"`
	HasPassword    bool   `json:"has_password"`
	// NeedsInvitation is true if the account lacks a password or an authenticator.
	NeedsInvitation bool   `json:"needs_invitation"`
	InvitationURL   string `json:"invitation_url,omitempty"` // empty in a dry run
	// RenewsKey is true if an authenticator has a short key and has to be enrolled anew at the next sign-in.
	RenewsKey bool `json:"renews_key,omitempty"`
}

// LineFault says why a line cannot be imported.
type LineFault struct {
	Line    int    `json:"line"`
	Message string `json:"message"` // begins with the name of the member, if one is at fault; quotes no secret
}

// ImportOptions control an import.
type ImportOptions struct {
	DryRun bool // change nothing
	// SkipInvalid leaves out lines that are at fault and imports the others.
	SkipInvalid bool
	// AllowShortKeys accepts authenticators whose keys have at least 10 bytes; the next sign-in with such a key requires a new
	// authenticator.
	AllowShortKeys bool
	// Progress, unless nil, is called with the number of lines that are ready to be written; hashing passwords takes most of the time.
	Progress func(done, total int)
}

// candidate is a line that becomes an account.
type candidate struct {
	report  *Imported
	line    line
	user    storage.User
	keys    []otp.Key
	labels  []otp.Label
	encoded string // password hash; may be empty
}

// Import creates an account from every line of JSON, or none if a line is at fault and opt does not say to skip it. A user with an
// authenticator and a password can sign in at once; everybody else gets an invitation, whose link is in the report and is not mailed.
//
// Errors: ErrImport when lines are at fault (a dry run only reports them), and those of the reader and of storage.
func (s *Service) Import(ctx context.Context, lines io.Reader, options ImportOptions, by audit.By, now time.Time) (Report, error) {
	candidates, faults, err := s.readLines(ctx, lines, options, now)
	if err != nil {
		return Report{}, err
	}
	report := Report{Users: make([]Imported, len(candidates)), Faults: faults}
	for i := range candidates {
		report.Users[i] = *candidates[i].report
		candidates[i].report = &report.Users[i]
	}
	if options.DryRun {
		return report, nil
	}
	if len(faults) > 0 && !options.SkipInvalid {
		return report, fmt.Errorf("%w: %d lines cannot be", ErrImport, len(faults))
	}
	if err := s.hashAll(ctx, candidates, options.Progress); err != nil {
		return Report{}, err
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		for _, c := range candidates {
			if err := s.importUser(ctx, c, by, now); err != nil {
				return fmt.Errorf("line %d: %w", c.report.Line, err)
			}
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	return report, nil
}

// readLines checks every line by itself, against the others, and against the accounts that exist.
func (s *Service) readLines(
	ctx context.Context, lines io.Reader, options ImportOptions, now time.Time,
) (candidates []candidate, faults []LineFault, err error) {
	taken := map[string]int{} // number of the line that has each name
	reader := newLineReader(lines)
	for {
		text, err := reader.next()
		if errors.Is(err, io.EOF) {
			return candidates, faults, nil
		}
		if err != nil && !errors.Is(err, errLongLine) {
			return nil, nil, err
		}
		var c candidate
		if err == nil {
			c, err = s.readLine(text, reader.number, options, now)
		}
		if err == nil {
			err = s.nameFault(ctx, c.user, taken, reader.number)
		}
		if errors.Is(err, storage.ErrUnavailable) || ctx.Err() != nil {
			return nil, nil, errors.Join(err, ctx.Err())
		}
		if err != nil {
			faults = append(faults, LineFault{Line: reader.number, Message: err.Error()})
			continue
		}
		candidates = append(candidates, c)
	}
}

func (s *Service) readLine(text []byte, number int, options ImportOptions, now time.Time) (candidate, error) {
	l, err := parseLine(text)
	if err != nil {
		return candidate{}, err
	}
	user, err := l.newUser().Row(now)
	keys, labels, keyErr := l.keys(options.AllowShortKeys)
	if err := errors.Join(err, keyErr, s.checkLinePassword(l)); err != nil {
		return candidate{}, err
	}
	if l.Disabled {
		user.DisabledAt = storage.At(now)
	}
	hasPassword := l.Password != "" || l.PasswordHash != ""
	report := &Imported{
		Line: number, Email: user.Email, Authenticators: len(keys), HasPassword: hasPassword,
		NeedsInvitation: !l.Disabled && (!hasPassword || len(keys) == 0),
		RenewsKey:       slices.ContainsFunc(keys, func(key otp.Key) bool { return key.Short }),
	}
	return candidate{line: l, user: user, keys: keys, labels: labels, encoded: l.PasswordHash, report: report}, nil
}

// nameFault returns an error if another line or account has one of the user's names.
func (s *Service) nameFault(ctx context.Context, user storage.User, taken map[string]int, number int) error {
	names := []struct{ field, value string }{{"email", user.Email}, {"username", user.Username}}
	for _, name := range names {
		if name.value == "" {
			continue
		}
		if other, ok := taken[storage.CanonicalName(name.value)]; ok {
			return identity.Invalid(name.field, fmt.Sprintf("the same as in line %d", other))
		}
		_, err := s.cfg.Store.Users.Find(ctx, name.value)
		if err == nil {
			return identity.Invalid(name.field, "an account has it already")
		}
		if !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	for _, name := range names {
		if name.value != "" {
			taken[storage.CanonicalName(name.value)] = number
		}
	}
	return nil
}

// hashAll hashes the plaintext passwords. It runs only as many at once as the hasher computes, so that it does not fill the queue of
// sign-ins.
func (s *Service) hashAll(ctx context.Context, candidates []candidate, progress func(done, total int)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.cfg.Hasher.Concurrency())
	var ready atomic.Int64
	for i := range candidates {
		c := &candidates[i]
		group.Go(func() (err error) {
			if c.line.Password != "" {
				c.encoded, err = s.cfg.Hasher.Hash(ctx, c.line.Password)
			}
			if done := ready.Add(1); err == nil && progress != nil {
				progress(int(done), len(candidates))
			}
			return err
		})
	}
	return group.Wait()
}

// importUser writes one account in the caller's transaction.
func (s *Service) importUser(ctx context.Context, c candidate, by audit.By, now time.Time) error {
	if err := s.cfg.Store.Users.Add(ctx, c.user); err != nil {
		return err
	}
	c.report.ID = c.user.ID
	if c.encoded != "" {
		if err := s.cfg.Store.Passwords.Set(ctx, c.user.ID, c.encoded, now); err != nil {
			return err
		}
	}
	for i, key := range c.keys {
		if err := s.cfg.Store.Authenticators.Add(ctx, storage.Authenticator{
			ID: storage.NewID(), UserID: c.user.ID, Kind: storage.KindTOTP, Name: c.labels[i].Issuer, Secret: key.Secret, Algorithm: key.Algorithm,
			Digits: key.Digits, Period: key.Period, CreatedAt: now, Renew: key.Short,
		}); err != nil {
			return err
		}
	}
	if err := s.cfg.Audit.Record(ctx, by.Event(audit.UserImported, c.user.ID), now); err != nil {
		return err
	}
	if !c.report.NeedsInvitation {
		return nil
	}
	invitation, err := s.cfg.Links.Invite(ctx, c.user, by.Event(audit.TicketIssued, c.user.ID), now)
	c.report.InvitationURL = invitation.URL
	return err
}
