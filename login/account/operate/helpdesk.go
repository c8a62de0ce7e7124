package operate

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// State says whether a person can sign in. The list is closed.
type State string

// The states of an account. An account is in the first one that applies.
const (
	StateDisabled State = "disabled" // an operator has shut the account
	StateNotSetUp State = "not set up"
	StateClosed   State = "closed"  // so many wrong codes in a row that waiting does not help
	StateWaiting  State = "waiting" // too many wrong passwords or codes: nothing is looked at for a while
	StateEnabled  State = "enabled"
)

// Helpdesk tells an operator whether a person can sign in, and if not, why and until when. It holds no secret.
type Helpdesk struct {
	account.Profile
	State State
	Waits []throttle.Wait
	// AheadUntil is when codes are accepted again after a code of a later time was accepted because a clock was wrong; zero: now.
	AheadUntil time.Time
	NewEmail   string       // e-mail address that has to be confirmed; may be empty
	Invitation storage.Link // zero: there is no good invitation
	Sessions   []storage.Session
	Apps       []storage.App
	// LastSignIn and LastRefusal are the newest such entries of the audit log; zero: there is no such entry.
	LastSignIn, LastRefusal audit.Entry
}

// refusals are the names of entries about somebody who was refused at a person's account.
var refusals = []audit.Name{
	audit.PasswordRefused, audit.PasswordThrottled, audit.CodeRefused, audit.CodeReplayed, audit.CodeThrottled, audit.FactorClosed,
	audit.RecoveryCodeRefused, audit.EnrolmentRefused, audit.TicketRefused,
}

// Helpdesk returns everything about an account.
func (s *Service) Helpdesk(ctx context.Context, name string, now time.Time) (Helpdesk, error) {
	profile, err := s.Show(ctx, name)
	if err != nil {
		return Helpdesk{}, err
	}
	h := Helpdesk{Profile: profile}
	id := profile.User.ID
	for _, read := range []func() error{
		func() (err error) { h.Waits, err = s.cfg.Attempts.Waits(ctx, id, now); return err },
		func() (err error) { h.NewEmail, _, err = s.cfg.Links.NewEmail(ctx, profile.User, now); return err },
		func() (err error) { h.Invitation, err = s.openInvitation(ctx, id, now); return err },
		func() (err error) { h.Sessions, err = s.cfg.Store.Sessions.OfUser(ctx, id, now); return err },
		func() (err error) { h.Apps, err = s.cfg.Store.Consents.Apps(ctx, id, now); return err },
		func() (err error) {
			h.LastSignIn, err = s.cfg.Audit.NewestOfUser(ctx, id, audit.SignInCompleted)
			return err
		},
		func() (err error) { h.LastRefusal, err = s.cfg.Audit.NewestOfUser(ctx, id, refusals...); return err },
	} {
		if err := read(); err != nil {
			return Helpdesk{}, err
		}
	}
	h.AheadUntil = aheadUntil(profile.Authenticators, now)
	h.State = h.state()
	return h, nil
}

// openInvitation returns the invitation of a user that can still be used, or the zero Link.
func (s *Service) openInvitation(ctx context.Context, userID string, now time.Time) (storage.Link, error) {
	stored, err := s.cfg.Store.Links.OfUser(ctx, userID, storage.LinkEnrol)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (!stored.UsedAt.IsZero() || !now.Before(stored.ExpiresAt.Time)) {
		return storage.Link{}, nil
	}
	return stored, err
}

// aheadUntil returns when an authenticator accepts codes again, or the zero time if an authenticator does now: a code counts once, and a code from a
// clock that ran ahead shuts out all codes before it.
func aheadUntil(authenticators []storage.Authenticator, now time.Time) (until time.Time) {
	for _, a := range authenticators {
		if a.Kind != storage.KindTOTP {
			return time.Time{}
		}
		step := now.Unix() / int64(a.Period)
		if a.LastStep <= step+1 { // what a phone with a right clock can show
			return time.Time{}
		}
		if next := time.Unix((a.LastStep+1)*int64(a.Period), 0); until.IsZero() || next.Before(until) {
			until = next
		}
	}
	return until
}

func (h Helpdesk) state() State {
	switch {
	case h.User.Disabled():
		return StateDisabled
	case !h.HasPassword || len(h.Authenticators) == 0:
		return StateNotSetUp
	case h.closed():
		return StateClosed
	case len(h.Waits) > 0 || !h.AheadUntil.IsZero():
		return StateWaiting
	}
	return StateEnabled
}

func (h Helpdesk) closed() bool {
	for _, wait := range h.Waits {
		if wait.Closed {
			return true
		}
	}
	return false
}
