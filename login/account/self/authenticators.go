package self

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

const maxAuthenticatorName = 64 // characters

// checkAuthenticatorName returns the name without blanks at its ends. It may be empty; the pages then use a general word.
func checkAuthenticatorName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > maxAuthenticatorName || !identity.Printable(name) {
		return "", identity.Invalid("name", "longer than 64 characters, or contains something that cannot be seen")
	}
	return name, nil
}

// Authenticators returns the authenticators of a signed-in person, oldest first and without their secrets.
func (s *Service) Authenticators(ctx context.Context, who storage.SignIn) ([]storage.Authenticator, error) {
	found, err := s.cfg.Store.Authenticators.OfUser(ctx, who.User().ID)
	for i := range found {
		found[i].Secret = nil
	}
	return found, err
}

// RenameAuthenticator changes the name of an authenticator; the name may be empty.
//
// Errors: storage.ErrNotFound, *identity.InvalidError.
func (s *Service) RenameAuthenticator(ctx context.Context, who storage.SignIn, id, name string, visitor account.Visitor, now time.Time) error {
	name, err := checkAuthenticatorName(name)
	if err != nil {
		return err
	}
	return s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Store.Authenticators.Rename(ctx, who.User().ID, id, name); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, visitor.Event(audit.AuthenticatorRenamed, who.User().ID), now)
	})
}

// NewAuthenticator returns the pending authenticator of a person who already has an authenticator, and creates it if there is no pending
// one. It will be an additional authenticator if replaces is empty, or else replace the one with that id. Later calls in this browser
// within ten minutes return the same one.
//
// Errors: storage.ErrNotFound when the authenticator to replace does not exist; account.ErrTooMany.
func (s *Service) NewAuthenticator(ctx context.Context, who Changer, replaces string, visitor account.Visitor, now time.Time) (account.Enrolment, error) {
	present, err := s.cfg.Store.Authenticators.OfUser(ctx, who.user().ID)
	switch {
	case err != nil:
		return account.Enrolment{}, err
	case replaces != "" && !slices.ContainsFunc(present, func(a storage.Authenticator) bool { return a.ID == replaces }):
		return account.Enrolment{}, storage.ErrNotFound
	case replaces == "" && len(present) >= account.MaxAuthenticators:
		return account.Enrolment{}, account.ErrTooMany
	}
	return s.cfg.Enrolments.Show(ctx, who.user(), who.purpose(replaces), visitor, now)
}

// Confirmation is the form of the page for a new authenticator.
type Confirmation struct {
	ID       string // of the enrolment that the page showed
	Replaces string // id of the authenticator to replace; empty for an additional one
	Name     string // may be empty
	Code     string
}

// ConfirmAuthenticator makes a pending authenticator a factor. The confirmation has its first code, which proves that it works and is used
// up. The owner is told, and all other sessions end; if it replaces an authenticator, all grants end too, because somebody else may have
// the earlier one. The session of this sign-in continues.
//
// It returns a new cookie of the trusted browser, or "" if the current one stays valid. Repeating a confirmation that has succeeded is not
// an error.
//
// Errors: account.ErrCode, *account.ClockError, *identity.InvalidError, account.ErrEnrolmentLost, account.ErrTooMany; storage.ErrNotFound when the
// authenticator to replace is gone; account.ErrStartAgain when the sign-in has ended.
func (s *Service) ConfirmAuthenticator(
	ctx context.Context, who Changer, typed Confirmation, visitor account.Visitor, now time.Time,
) (trustCookie string, err error) {
	name, err := checkAuthenticatorName(typed.Name)
	if err != nil {
		return "", err
	}
	pending, err := s.cfg.Enrolments.Pending(ctx, who.purpose(typed.Replaces), now)
	if errors.Is(err, account.ErrEnrolmentLost) || err == nil && pending.ID != typed.ID {
		return "", s.unlessAdded(ctx, who, typed.ID, account.ErrEnrolmentLost)
	}
	if err != nil {
		return "", err
	}
	step, err := s.cfg.Enrolments.Check(ctx, pending, typed.Code, visitor, now)
	if err != nil {
		return "", err
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		trustCookie, err = s.addConfirmed(ctx, who, account.Confirmed(pending, name, step, now), pending.Purpose, visitor, now)
		return err
	})
	switch {
	case errors.Is(err, storage.ErrStale):
		return "", s.unlessAdded(ctx, who, typed.ID, account.ErrStartAgain)
	case err != nil:
		return "", err
	}
	return trustCookie, nil
}

// unlessAdded returns refusal, or nil if the same form, sent twice, has already added the authenticator.
func (s *Service) unlessAdded(ctx context.Context, who Changer, id string, refusal error) error {
	present, err := s.cfg.Store.Authenticators.OfUser(ctx, who.user().ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(present, func(a storage.Authenticator) bool { return a.ID == id }) {
		return nil
	}
	return refusal
}

// addConfirmed adds a confirmed authenticator, in the caller's transaction. Errors: storage.ErrStale if a concurrent request has changed
// the account, or the sign-in has ended.
func (s *Service) addConfirmed(
	ctx context.Context, who Changer, a storage.Authenticator, p storage.Purpose, visitor account.Visitor, now time.Time,
) (trustCookie string, err error) {
	if err := s.cfg.Store.Users.Lock(ctx, who.user()); err != nil {
		return "", err
	}
	if err := s.cfg.Store.Enrolments.End(ctx, a.ID); err != nil {
		return "", err
	}
	if p.Kind == storage.EnrolReplace {
		return s.replaceAuthenticator(ctx, who, a, p.Replaces, visitor, now)
	}
	count, err := s.cfg.Store.Authenticators.Count(ctx, a.UserID)
	if err != nil {
		return "", err
	}
	if count >= account.MaxAuthenticators {
		return "", account.ErrTooMany
	}
	if err := s.cfg.Store.Authenticators.Add(ctx, a); err != nil {
		return "", err
	}
	if err := s.cfg.Store.Sessions.KeepOnly(ctx, who.user(), who.signIn.ID(), now); err != nil {
		return "", err
	}
	return "", s.factorChanged(ctx, who, audit.AuthenticatorAdded, account.NoticeAuthenticatorAdded, visitor, now)
}

func (s *Service) replaceAuthenticator(
	ctx context.Context, who Changer, a storage.Authenticator, old string, visitor account.Visitor, now time.Time,
) (trustCookie string, err error) {
	if err := s.cfg.Store.Authenticators.Add(ctx, a); err != nil {
		return "", err
	}
	if err := s.cfg.Store.Authenticators.Remove(ctx, a.UserID, old); errors.Is(err, storage.ErrStale) {
		return "", storage.ErrNotFound
	} else if err != nil {
		return "", err
	}
	user, err := s.cfg.Store.Sessions.EndOthers(ctx, a.UserID, who.signIn.ID(), now)
	if errors.Is(err, storage.ErrNotFound) {
		return "", storage.ErrStale
	}
	if err != nil {
		return "", err
	}
	if err := s.factorChanged(ctx, who, audit.AuthenticatorReplaced, account.NoticeAuthenticatorReplaced, visitor, now); err != nil {
		return "", err
	}
	return s.cfg.Browsers.Trust("", user, now)
}

// RemoveAuthenticator removes an authenticator, but never the last one. The owner is told, and all other sessions end.
//
// Errors: account.ErrLastAuthenticator, storage.ErrNotFound; account.ErrStartAgain when the sign-in has ended.
func (s *Service) RemoveAuthenticator(ctx context.Context, who Changer, id string, visitor account.Visitor, now time.Time) error {
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Store.Users.Lock(ctx, who.user()); err != nil {
			return err
		}
		if err := s.checkRemovable(ctx, who, id); err != nil {
			return err
		}
		if err := s.cfg.Store.Authenticators.Remove(ctx, who.user().ID, id); err != nil {
			return err
		}
		if err := s.cfg.Store.Sessions.KeepOnly(ctx, who.user(), who.signIn.ID(), now); err != nil {
			return err
		}
		return s.factorChanged(ctx, who, audit.AuthenticatorRemoved, account.NoticeAuthenticatorRemoved, visitor, now)
	})
	if errors.Is(err, storage.ErrStale) {
		return account.ErrStartAgain
	}
	return err
}

// checkRemovable returns an error if an authenticator cannot be removed. An authenticator whose secret cannot be decrypted does not count
// as a fallback.
func (s *Service) checkRemovable(ctx context.Context, who Changer, id string) error {
	present, err := s.cfg.Store.Authenticators.OfUser(ctx, who.user().ID)
	switch {
	case err != nil:
		return err
	case !slices.ContainsFunc(present, func(a storage.Authenticator) bool { return a.ID == id }):
		return storage.ErrNotFound
	case len(present) == 1:
		return account.ErrLastAuthenticator
	}
	return nil
}

// factorChanged records a change of the factors and tells the owner, in the caller's transaction.
func (s *Service) factorChanged(ctx context.Context, who Changer, event audit.Name, kind account.NoticeKind, visitor account.Visitor, now time.Time) error {
	if err := s.cfg.Audit.Record(ctx, visitor.Event(event, who.user().ID), now); err != nil {
		return err
	}
	return s.cfg.Notices.Send(ctx, who.user(), account.Notice{Kind: kind}, now)
}
