package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// MaxAuthenticators is how many authenticators an account has at most.
const MaxAuthenticators = 10

const maxAuthenticatorName = 64 // characters

// checkAuthenticatorName returns the name without blanks at its ends. An authenticator may go without: pages have a word for it.
func checkAuthenticatorName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > maxAuthenticatorName || !printable(name) {
		return "", invalid("name", "longer than 64 characters, or contains something that cannot be seen")
	}
	return name, nil
}

// Authenticators returns the authenticators of a signed-in person, oldest first and without their secrets.
func (s *Service) Authenticators(ctx context.Context, who storage.SignIn) ([]storage.Authenticator, error) {
	found, err := s.store.Authenticators.OfUser(ctx, who.User().ID)
	for i := range found {
		found[i].Secret = nil
	}
	return found, err
}

// RenameAuthenticator changes what an authenticator is called; it may have no name.
//
// Errors: storage.ErrNotFound, *InvalidError.
func (s *Service) RenameAuthenticator(ctx context.Context, who storage.SignIn, id, name string, visitor Visitor, now time.Time) error {
	name, err := checkAuthenticatorName(name)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Authenticators.Rename(ctx, who.User().ID, id, name); err != nil {
			return err
		}
		return s.audit.Record(ctx, visitor.event(audit.AuthenticatorRenamed, who.User().ID), now)
	})
}

// NewAuthenticator returns the pending authenticator of a person who has one already, making it when there is none: one more, or in place
// of the one with the id replaces. It stays the same for ten minutes in this browser.
//
// Errors: storage.ErrNotFound when there is none to replace; ErrTooMany.
func (s *Service) NewAuthenticator(ctx context.Context, who Changer, replaces string, visitor Visitor, now time.Time) (Enrolment, error) {
	present, err := s.store.Authenticators.OfUser(ctx, who.user().ID)
	switch {
	case err != nil:
		return Enrolment{}, err
	case replaces != "" && !slices.ContainsFunc(present, func(a storage.Authenticator) bool { return a.ID == replaces }):
		return Enrolment{}, storage.ErrNotFound
	case replaces == "" && len(present) >= MaxAuthenticators:
		return Enrolment{}, ErrTooMany
	}
	return s.enrolment(ctx, who.user(), who.purpose(replaces), visitor, now)
}

// Confirmation is what the page of a new authenticator sends.
type Confirmation struct {
	ID       string // of the enrolment that the page showed
	Replaces string // id of the authenticator whose place it takes; empty: one more
	Name     string // may be empty
	Code     string
}

// ConfirmAuthenticator makes a pending authenticator a factor. Its first code, which is used up by this, proves that it works. The
// owner is told, and all other sessions end; when it replaces one, everything that was granted ends too, because the earlier one may be in
// the hands of somebody else. The session of this sign-in goes on.
//
// It returns the new device cookie, empty when the present one stays good. A confirmation that was done before succeeds again.
//
// Errors: ErrCode, *ClockError, *InvalidError, ErrEnrolmentLost, ErrTooMany; storage.ErrNotFound when the one to replace is gone;
// ErrStartAgain when the sign-in has ended.
func (s *Service) ConfirmAuthenticator(ctx context.Context, who Changer, typed Confirmation, visitor Visitor, now time.Time) (device string, err error) {
	name, err := checkAuthenticatorName(typed.Name)
	if err != nil {
		return "", err
	}
	pending, err := s.pendingOf(ctx, who.purpose(typed.Replaces), now)
	if errors.Is(err, ErrEnrolmentLost) || err == nil && pending.ID != typed.ID {
		return "", s.unlessAdded(ctx, who, typed.ID, ErrEnrolmentLost)
	}
	if err != nil {
		return "", err
	}
	step, err := s.checkPending(ctx, pending, typed.Code, visitor, now)
	if err != nil {
		return "", err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		device, err = s.addConfirmed(ctx, who, authenticatorOf(pending, name, step, now), pending.Purpose, visitor, now)
		return err
	})
	switch {
	case errors.Is(err, storage.ErrStale):
		return "", s.unlessAdded(ctx, who, typed.ID, ErrStartAgain)
	case err != nil:
		return "", err
	}
	return device, nil
}

// unlessAdded returns refusal, but nothing when the authenticator was added by the same form, sent twice.
func (s *Service) unlessAdded(ctx context.Context, who Changer, id string, refusal error) error {
	present, err := s.store.Authenticators.OfUser(ctx, who.user().ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(present, func(a storage.Authenticator) bool { return a.ID == id }) {
		return nil
	}
	return refusal
}

// addConfirmed does it, in the caller's transaction. storage.ErrStale: somebody else was faster, or the sign-in has ended.
func (s *Service) addConfirmed(ctx context.Context, who Changer, a storage.Authenticator, p storage.Purpose, visitor Visitor, now time.Time) (device string, err error) {
	if err := s.store.Users.Lock(ctx, who.user()); err != nil {
		return "", err
	}
	if err := s.store.Enrolments.End(ctx, a.ID); err != nil {
		return "", err
	}
	if p.Kind == storage.EnrolReplace {
		return s.replaceAuthenticator(ctx, who, a, p.Replaces, visitor, now)
	}
	count, err := s.store.Authenticators.Count(ctx, a.UserID)
	if err != nil {
		return "", err
	}
	if count >= MaxAuthenticators {
		return "", ErrTooMany
	}
	if err := s.store.Authenticators.Add(ctx, a); err != nil {
		return "", err
	}
	if err := s.store.Sessions.KeepOnly(ctx, who.user(), who.signIn.ID(), now); err != nil {
		return "", err
	}
	return "", s.factorChanged(ctx, who, audit.AuthenticatorAdded, NoticeAuthenticatorAdded, visitor, now)
}

func (s *Service) replaceAuthenticator(ctx context.Context, who Changer, a storage.Authenticator, old string, visitor Visitor, now time.Time) (device string, err error) {
	if err := s.store.Authenticators.Add(ctx, a); err != nil {
		return "", err
	}
	if err := s.store.Authenticators.Remove(ctx, a.UserID, old); errors.Is(err, storage.ErrStale) {
		return "", storage.ErrNotFound
	} else if err != nil {
		return "", err
	}
	user, err := s.store.Sessions.EndOthers(ctx, a.UserID, who.signIn.ID(), now)
	if errors.Is(err, storage.ErrNotFound) {
		return "", storage.ErrStale
	}
	if err != nil {
		return "", err
	}
	if err := s.factorChanged(ctx, who, audit.AuthenticatorReplaced, NoticeAuthenticatorReplaced, visitor, now); err != nil {
		return "", err
	}
	return s.sealDevice("", user, now)
}

// RemoveAuthenticator removes an authenticator, never the last. The owner is told, and all other sessions end.
//
// Errors: ErrLastAuthenticator, storage.ErrNotFound; ErrStartAgain when the sign-in has ended.
func (s *Service) RemoveAuthenticator(ctx context.Context, who Changer, id string, visitor Visitor, now time.Time) error {
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Users.Lock(ctx, who.user()); err != nil {
			return err
		}
		if err := s.checkRemovable(ctx, who, id); err != nil {
			return err
		}
		if err := s.store.Authenticators.Remove(ctx, who.user().ID, id); err != nil {
			return err
		}
		if err := s.store.Sessions.KeepOnly(ctx, who.user(), who.signIn.ID(), now); err != nil {
			return err
		}
		return s.factorChanged(ctx, who, audit.AuthenticatorRemoved, NoticeAuthenticatorRemoved, visitor, now)
	})
	if errors.Is(err, storage.ErrStale) {
		return ErrStartAgain
	}
	return err
}

// checkRemovable finds out why one cannot be removed. Another whose secret does not open is none to fall back on.
func (s *Service) checkRemovable(ctx context.Context, who Changer, id string) error {
	present, err := s.store.Authenticators.OfUser(ctx, who.user().ID)
	switch {
	case err != nil:
		return err
	case !slices.ContainsFunc(present, func(a storage.Authenticator) bool { return a.ID == id }):
		return storage.ErrNotFound
	case len(present) == 1:
		return ErrLastAuthenticator
	}
	return nil
}

// factorChanged records a change of the factors and tells the owner, in the caller's transaction.
func (s *Service) factorChanged(ctx context.Context, who Changer, event audit.Name, kind NoticeKind, visitor Visitor, now time.Time) error {
	if err := s.audit.Record(ctx, visitor.event(event, who.user().ID), now); err != nil {
		return err
	}
	return s.notices.Send(ctx, who.user(), Notice{Kind: kind}, now)
}
