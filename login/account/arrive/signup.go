package arrive

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// SignUpForm is what the sign-up page sends.
type SignUpForm struct {
	Email   string
	Name    string // the claim name
	Locale  string // the claim locale: the language of the page; may be empty
	Visitor account.Visitor
}

// AskSignUp mails a sign-up link to a person who asks for an account. The account is not created until the link is followed. If the e-mail
// address already has an account, the mail tells its owner; the person who asked does not learn it: the work and the result are the same.
//
// Errors: *identity.InvalidError, account.ErrClosed; *account.WaitError when this client IP has asked for too many messages.
func (s *Service) AskSignUp(ctx context.Context, form SignUpForm, now time.Time) error {
	if !s.Open() {
		return account.ErrClosed
	}
	form.Email = identity.Email(form.Email)
	if err := errors.Join(identity.CheckEmail(form.Email), identity.CheckLookalike("email", form.Email), identity.CheckFullName(form.Name)); err != nil {
		return err
	}
	login, err := s.cfg.Store.Passwords.ByLogin(ctx, form.Email) // costs the same for an address without an account
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	mailbox := s.cfg.Attempts.Mailbox(storage.CanonicalName(form.Email))
	return s.cfg.Attempts.SendAsked(ctx, "mailbox", mailbox, login.User, form.Visitor, now, func(ctx context.Context) error {
		return s.mailSignUp(ctx, form, login.User, now)
	})
}

func (s *Service) mailSignUp(ctx context.Context, form SignUpForm, owner storage.User, now time.Time) error {
	link := s.cfg.Links.New(storage.LinkVerify, now)
	// The same work is done for an address that is taken; its secret is never sent to anybody.
	if err := s.cfg.Store.SignUps.Add(ctx, storage.SignUp{
		Hash: link.Hash, Email: form.Email, Name: form.Name, Locale: form.Locale,
		CreatedAt: storage.At(now), ExpiresAt: storage.At(link.ExpiresAt),
	}); err != nil {
		return err
	}
	// The message does not contain the name: otherwise anybody could make Postern send text of their choice to a stranger.
	to, notice := storage.User{Email: form.Email, Claims: localeClaim(form.Locale)}, link.For(form.Visitor).Notice(account.NoticeSignUp)
	if owner.ID != "" {
		to, notice = owner, account.Notice{Kind: account.NoticeAddressTaken}
	}
	if err := s.cfg.Notices.Send(ctx, to, notice, now); err != nil {
		return err
	}
	return s.cfg.Audit.Record(ctx, form.Visitor.Event(audit.RegistrationAsked, owner.ID), now)
}

func localeClaim(locale string) storage.Claims {
	if locale == "" {
		return nil
	}
	return storage.Claims{"locale": locale}
}

// CompleteSignUp creates the account of a sign-up link with its password, and begins a half-done sign-in that may enrol an authenticator.
// From then on the link works as an invitation, so that the person can leave and come back. If several requests arrive at once, with one
// link or with several links for one address, only one creates an account.
//
// Errors: account.ErrLink, account.ErrSignedUp, account.ErrTaken, *account.WeakPasswordError, account.ErrBusy.
func (s *Service) CompleteSignUp(ctx context.Context, set InvitedPassword, now time.Time) (account.HalfCookie, error) {
	hash := storage.Hash(set.Secret)
	asked, err := s.asked(ctx, hash, now)
	if errors.Is(err, account.ErrLink) {
		return account.HalfCookie{}, s.cfg.Attempts.Refuse(ctx, err, set.Visitor.Event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return account.HalfCookie{}, err
	}
	claims := map[string]any(localeClaim(asked.Locale))
	user, err := identity.NewUser{Email: asked.Email, EmailVerified: true, Name: asked.Name, Claims: claims}.Row(now)
	if err != nil {
		return account.HalfCookie{}, err
	}
	encoded, err := s.cfg.Passwords.Hash(ctx, set.Password, user)
	if err != nil {
		return account.HalfCookie{}, err
	}
	var half account.HalfCookie
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.addRegistered(ctx, user, asked, encoded, set.Visitor, now); err != nil {
			return err
		}
		half, err = s.cfg.SignIns.Begin(ctx, account.Beginning{
			User: user, Browser: set.Browser, LinkHash: hash, Invited: true, Visitor: set.Visitor,
		}, now)
		return err
	})
	if errors.Is(err, storage.ErrConflict) {
		return account.HalfCookie{}, s.takenBy(ctx, hash, now)
	}
	return half, err
}

// addRegistered creates the account of a sign-up and its invitation. The user is inserted first: its unique e-mail address decides which of
// several attempts succeeds, before the others have locked anything.
func (s *Service) addRegistered(ctx context.Context, user storage.User, asked storage.SignUp, encoded string, visitor account.Visitor, now time.Time) error {
	if err := s.cfg.Store.Users.Add(ctx, user); err != nil {
		return err
	}
	if err := s.cfg.Store.SignUps.Spend(ctx, asked.Hash, now); err != nil {
		return linkLost(err)
	}
	if err := s.cfg.Store.SignUps.DeleteByEmail(ctx, asked.Email); err != nil {
		return err
	}
	if err := s.cfg.Store.Passwords.Set(ctx, user.ID, encoded, now); err != nil {
		return err
	}
	if err := s.cfg.Store.Links.Add(ctx, storage.Link{
		Hash: asked.Hash, Purpose: storage.LinkEnrol, UserID: user.ID, CreatedAt: storage.At(now), ExpiresAt: asked.ExpiresAt,
	}); err != nil {
		return err
	}
	for _, name := range []audit.Name{audit.UserRegistered, audit.PasswordSet} {
		if err := s.cfg.Audit.Record(ctx, visitor.Event(name, user.ID), now); err != nil {
			return err
		}
	}
	return nil
}

// asked returns the sign-up of a link. Errors: account.ErrLink, account.ErrSignedUp.
func (s *Service) asked(ctx context.Context, hash []byte, now time.Time) (storage.SignUp, error) {
	asked, err := s.cfg.Store.SignUps.ByHash(ctx, hash, now)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		if _, err := s.cfg.Links.Find(ctx, hash, storage.LinkEnrol, now); err != nil {
			return storage.SignUp{}, err
		}
		return storage.SignUp{}, account.ErrSignedUp
	case err == nil && !s.Open():
		return storage.SignUp{}, account.ErrLink
	}
	return asked, err
}

// takenBy returns account.ErrSignedUp if the account with this e-mail address was created by this link, else account.ErrTaken.
func (s *Service) takenBy(ctx context.Context, hash []byte, now time.Time) error {
	if _, err := s.asked(ctx, hash, now); err != nil {
		return err
	}
	return account.ErrTaken
}
