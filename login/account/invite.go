package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Invitation is a one-time link through which a person sets a password and enrols a first authenticator.
type Invitation struct {
	URL       string // holds the secret; shown once and never stored
	ExpiresAt time.Time
}

// notice returns the message that brings the link.
func (i Invitation) notice(kind NoticeKind) Notice {
	return Notice{Kind: kind, Link: i.URL, Expires: i.ExpiresAt}
}

// back returns the invitation that a visitor asked for.
func (i Invitation) back(v Visitor) Invitation {
	i.URL = v.back(i.URL)
	return i
}

// Invite makes a new invitation in place of an earlier one, and mails it unless registration is closed. name is an id, user name or e-mail address.
//
// Errors: storage.ErrNotFound; ErrEnrolled when the account has password and authenticator, so that there is nothing to set up.
func (s *Service) Invite(ctx context.Context, name string, by audit.By, now time.Time) (storage.User, Invitation, error) {
	user, err := s.store.Users.Find(ctx, typedName(name))
	if err != nil {
		return storage.User{}, Invitation{}, err
	}
	var invitation Invitation
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if invitation, err = s.invite(ctx, user, by, now); err != nil {
			return err
		}
		// Looked at after the earlier invitation was replaced: nobody can enrol with it any more.
		enrolled, hasPassword, err := s.credentials(ctx, user)
		if err == nil && enrolled && hasPassword {
			err = ErrEnrolled
		}
		return err
	})
	if err != nil {
		invitation = Invitation{}
	}
	return user, invitation, err
}

// invite makes an invitation in the caller's transaction, and mails it unless operators hand the links over.
func (s *Service) invite(ctx context.Context, user storage.User, by audit.By, now time.Time) (Invitation, error) {
	invitation, err := s.issueTicket(ctx, user, by.Event(audit.TicketIssued, user.ID), now)
	if err != nil || s.cfg.Registration == RegistrationClosed {
		return invitation, err
	}
	return invitation, s.notices.Send(ctx, user, invitation.notice(NoticeInvitation), now)
}

// credentials reports which of its two credentials the account has.
func (s *Service) credentials(ctx context.Context, user storage.User) (enrolled, hasPassword bool, err error) {
	authenticators, err := s.store.Authenticators.OfUser(ctx, user.ID)
	if err != nil {
		return false, false, err
	}
	login, err := s.store.Passwords.ByLogin(ctx, user.Email)
	return len(authenticators) > 0, login.ID == user.ID && login.Hash != "", err
}

// issueTicket makes an invitation in the caller's transaction. An authenticator that somebody with an earlier link had on
// its way is dropped: its secret must not become a factor of who comes with the new link.
func (s *Service) issueTicket(ctx context.Context, user storage.User, event audit.Event, now time.Time) (Invitation, error) {
	if err := s.store.Enrolments.EndOfUser(ctx, user.ID); err != nil {
		return Invitation{}, err
	}
	issued, err := s.issue(ctx, storage.Link{Purpose: storage.LinkEnrol, UserID: user.ID}, invitePath, invitationLife, now)
	if err != nil {
		return Invitation{}, err
	}
	return Invitation{URL: issued.url, ExpiresAt: issued.expires}, s.audit.Record(ctx, event, now)
}

// OpenInvitation returns whom a ticket invites. Errors: ErrTicket; ErrEnrolled when the account is set up already.
func (s *Service) OpenInvitation(ctx context.Context, ticket string, now time.Time) (storage.User, error) {
	user, _, err := s.invited(ctx, storage.Hash(ticket), now)
	return user, err
}

// invited returns whom a good ticket belongs to, and whether that person has an authenticator but no password yet.
func (s *Service) invited(ctx context.Context, ticketHash []byte, now time.Time) (user storage.User, enrolled bool, err error) {
	ticket, err := s.goodTicket(ctx, ticketHash, now)
	if err != nil {
		return storage.User{}, false, err
	}
	if user, err = s.store.Users.ByID(ctx, ticket.UserID); err != nil {
		return storage.User{}, false, err
	}
	enrolled, hasPassword, err := s.credentials(ctx, user)
	switch {
	case err != nil:
		return storage.User{}, false, err
	case user.Disabled():
		return storage.User{}, false, ErrTicket
	case enrolled && hasPassword:
		return storage.User{}, false, ErrEnrolled
	}
	return user, enrolled, nil
}

// goodTicket returns an invitation that can still be used, or ErrTicket.
func (s *Service) goodTicket(ctx context.Context, hash []byte, now time.Time) (storage.Link, error) {
	ticket, err := s.store.Links.ByHash(ctx, hash, storage.LinkEnrol)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Link{}, ErrTicket
	}
	if err == nil && (!ticket.UsedAt.IsZero() || !now.Before(ticket.ExpiresAt.Time)) {
		return storage.Link{}, ErrTicket
	}
	return ticket, err
}

// InvitedPassword is what the page of an invitation sends.
type InvitedPassword struct {
	Ticket   string
	Password string
	Browser  string // secret by which the browser is known
	Visitor  Visitor
}

// SetInvitedPassword sets the password of the person whom a ticket invites and begins a half-done sign-in that may enrol an
// authenticator. The ticket stays good until that is done, so that the person can leave half way and come back. Whoever
// had begun anything with the account before has to start again.
//
// Errors: ErrTicket, ErrEnrolled, *WeakPasswordError, ErrBusy.
func (s *Service) SetInvitedPassword(ctx context.Context, set InvitedPassword, now time.Time) (HalfCookie, error) {
	hash := storage.Hash(set.Ticket)
	user, enrolled, err := s.invited(ctx, hash, now)
	if errors.Is(err, ErrTicket) {
		return HalfCookie{}, s.refuse(ctx, err, set.Visitor.event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return HalfCookie{}, err
	}
	encoded, err := s.hashNew(ctx, set.Password, user)
	if err != nil {
		return HalfCookie{}, err
	}
	half := HalfCookie{Secret: newSecret(), Browser: set.Browser}
	row := storage.HalfSignIn{
		TokenHash: half.hash(), LinkHash: hash, Browser: set.Visitor.Browser, ClientIP: audit.ShortAddress(set.Visitor.Address.String()),
		CreatedAt: now, ExpiresAt: now.Add(enrolmentLife),
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		// Before the ticket is looked at: whoever else uses it up has changed the user's row by then, or waits for it.
		if row.User, err = s.replacePassword(ctx, user.ID, encoded, now); err != nil {
			return err
		}
		if row.User.Disabled() {
			return ErrTicket
		}
		if enrolled { // nothing is left for the ticket to do
			row.LinkHash = nil
			if err := s.store.Links.Spend(ctx, hash, storage.LinkEnrol, now); err != nil {
				return ticketLost(err)
			}
		} else if _, err := s.goodTicket(ctx, hash, now); err != nil {
			return err
		}
		if err := s.audit.Record(ctx, set.Visitor.event(audit.PasswordSet, user.ID), now); err != nil {
			return err
		}
		return s.store.Sessions.BeginSignIn(ctx, row, s.audit.Rider(set.Visitor.event(audit.PasswordAccepted, user.ID), now))
	})
	return half, err
}

func ticketLost(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return ErrTicket
	}
	return err
}

// replacePassword sets a password and ends whatever rested on the earlier one, a link to a new one included. It returns the
// user of the new epoch.
func (s *Service) replacePassword(ctx context.Context, userID, encoded string, now time.Time) (storage.User, error) {
	if err := s.store.Passwords.Replace(ctx, userID, encoded, now); err != nil {
		return storage.User{}, err
	}
	if err := s.store.Links.Delete(ctx, userID, storage.LinkReset); err != nil {
		return storage.User{}, err
	}
	return s.store.Users.ByID(ctx, userID)
}

// hashNew checks and hashes a new password of a user. Errors: *WeakPasswordError, ErrBusy.
func (s *Service) hashNew(ctx context.Context, typed string, user storage.User) (string, error) {
	name, _ := user.Claims["name"].(string)
	if err := s.checkNew(typed, user.Email, user.Username, name); err != nil {
		return "", err
	}
	return s.passwords.Hash(ctx, typed)
}
