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

// State says whether a person can sign in, and if not, why. These are all states.
type State string

// The states of an account. An account is in the first one that applies.
const (
	StateDisabled State = "disabled" // an operator has disabled the account
	StateNotSetUp State = "not set up"
	StateClosed   State = "closed"  // after so many wrong codes in a row that waiting does not help
	StateWaiting  State = "waiting" // after too many wrong passwords or codes, all attempts are refused for a while
	StateEnabled  State = "enabled"
)

// Helpdesk tells an operator whether a person can sign in, and if not, why and until when. It holds no secret.
type Helpdesk struct {
	account.Profile
	State State
	Waits []throttle.Wait
	// AheadUntil is when codes are accepted again after a wrong clock has led to the acceptance of a later code. It is zero if codes are
	// accepted now.
	AheadUntil time.Time
	NewEmail   string       // new e-mail address that is not yet confirmed; may be empty
	Invitation storage.Link // when the invitation expires; zero if there is no valid invitation
	Sessions   []storage.Session
	Apps       []storage.App
	// LastSignIn and LastRefusal are the newest such entries of the audit log, or zero if there is no such entry.
	LastSignIn, LastRefusal audit.Entry
}

// refusals are the audit names of refused attempts at a person's account.
var refusals = []audit.Name{
	audit.PasswordRefused, audit.PasswordThrottled, audit.CodeRefused, audit.CodeReplayed, audit.CodeThrottled, audit.FactorClosed,
	audit.RecoveryCodeRefused, audit.EnrolmentRefused, audit.TicketRefused,
}

// Helpdesk returns what an operator should know about an account. Errors: storage.ErrNotFound.
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

// openInvitation returns a user's invitation that can still be used, or the zero Link.
func (s *Service) openInvitation(ctx context.Context, userID string, now time.Time) (storage.Link, error) {
	stored, err := s.cfg.Store.Links.OfUser(ctx, userID, storage.LinkEnrol)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (!stored.UsedAt.IsZero() || !now.Before(stored.ExpiresAt.Time)) {
		return storage.Link{}, nil
	}
	return stored, err
}

// aheadUntil returns when one of the authenticators accepts codes again, or the zero time if one does now. Each time step is accepted once
// and in order, so a code accepted while a clock was ahead blocks all earlier steps.
func aheadUntil(authenticators []storage.Authenticator, now time.Time) (until time.Time) {
	for _, a := range authenticators {
		if a.Kind != storage.KindTOTP {
			return time.Time{}
		}
		step := now.Unix() / int64(a.Period)
		if a.LastStep <= step+1 { // the newest step that a phone with a correct clock can show
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
