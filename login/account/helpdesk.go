package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// State says whether a person can sign in. The list is closed.
type State string

// The states of an account. An account is in the first one that applies.
const (
	StateDisabled State = "disabled" // an operator has shut it
	StateNotSetUp State = "not set up"
	StateClosed   State = "closed"  // so many codes were wrong in a row that waiting does not help
	StateWaiting  State = "waiting" // too many wrong passwords or codes: nothing is looked at for a while
	StateEnabled  State = "enabled"
)

// Helpdesk is what an operator needs to say whether a person can sign in, and if not, why and until when. It holds no secret.
type Helpdesk struct {
	Profile
	State State
	Waits []throttle.Wait
	// AheadUntil is when codes are accepted again after one of a time that lies ahead; zero: now. Only a wrong clock leads there.
	AheadUntil time.Time
	NewEmail   string       // waits to be confirmed; empty: none
	Invitation storage.Link // zero: there is none that anybody could use
	Sessions   []storage.Session
	Apps       []storage.App
	// LastSignIn and LastRefusal are the newest entries of the audit log of their kind; without an id when there is none.
	LastSignIn, LastRefusal audit.Entry
}

// refusals are the entries that say that somebody was turned away at a person's account.
var refusals = []audit.Name{
	audit.PasswordRefused, audit.PasswordThrottled, audit.CodeRefused, audit.CodeReplayed, audit.CodeThrottled, audit.FactorClosed,
	audit.RecoveryCodeRefused, audit.EnrolmentRefused, audit.TicketRefused,
}

// Helpdesk returns everything about an account by id, user name or e-mail address, or storage.ErrNotFound.
func (s *Service) Helpdesk(ctx context.Context, name string, now time.Time) (Helpdesk, error) {
	profile, err := s.Show(ctx, name)
	if err != nil {
		return Helpdesk{}, err
	}
	h := Helpdesk{Profile: profile}
	id := profile.User.ID
	for _, read := range []func() error{
		func() (err error) { h.Waits, err = s.throttle.Waits(ctx, id, now); return err },
		func() (err error) { h.NewEmail, _, err = s.NewEmail(ctx, profile.User, now); return err },
		func() (err error) { h.Invitation, err = s.openInvitation(ctx, id, now); return err },
		func() (err error) { h.Sessions, err = s.store.Sessions.OfUser(ctx, id, now); return err },
		func() (err error) { h.Apps, err = s.store.Consents.Apps(ctx, id, now); return err },
		func() (err error) {
			h.LastSignIn, err = s.audit.NewestOfUser(ctx, id, audit.SignInCompleted)
			return err
		},
		func() (err error) { h.LastRefusal, err = s.audit.NewestOfUser(ctx, id, refusals...); return err },
	} {
		if err := read(); err != nil {
			return Helpdesk{}, err
		}
	}
	h.AheadUntil = aheadUntil(profile.Authenticators, now)
	h.State = h.state()
	return h, nil
}

// openInvitation returns the invitation of a user that can still be used, the zero ticket when there is none.
func (s *Service) openInvitation(ctx context.Context, userID string, now time.Time) (storage.Link, error) {
	ticket, err := s.store.Links.OfUser(ctx, userID, storage.LinkEnrol)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (!ticket.UsedAt.IsZero() || !now.Before(ticket.ExpiresAt.Time)) {
		return storage.Link{}, nil
	}
	return ticket, err
}

// aheadUntil returns from when an authenticator accepts codes again, the zero time when one does now: a code counts once, and one from a clock
// that ran ahead shuts out all codes before it.
func aheadUntil(authenticators []storage.Authenticator, now time.Time) (until time.Time) {
	for _, a := range authenticators {
		step := now.Unix() / int64(a.Period)
		if a.LastStep <= step+1 { // the window of an honest phone
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
