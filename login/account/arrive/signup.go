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

// AskSignUp mails a link to a person who asks for an account. No account exists until the link is followed. If the address has an account
// already, its owner is told so; the person who asked is not, and the work and the result are the same.
//
// Errors: *identity.InvalidError, account.ErrClosed; *account.WaitError when too many messages were asked for from this client IP.
func (s *Service) AskSignUp(ctx context.Context, form SignUpForm, now time.Time) error {
	if !s.Open() {
		return account.ErrClosed
	}
	form.Email = identity.Email(form.Email)
	if err := errors.Join(identity.CheckEmail(form.Email), identity.CheckLookalike("email", form.Email), identity.CheckFullName(form.Name)); err != nil {
		return err
	}
	login, err := s.cfg.Store.Passwords.ByLogin(ctx, form.Email) // costs the same for an address that nobody has
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
	// The same work for an address that is taken: nobody ever gets to know that secret.
	if err := s.cfg.Store.SignUps.Add(ctx, storage.SignUp{
		Hash: link.Hash, Email: form.Email, Name: form.Name, Locale: form.Locale,
		CreatedAt: storage.At(now), ExpiresAt: storage.At(link.ExpiresAt),
	}); err != nil {
		return err
	}
	// The name stays out of the message, or anybody could have Postern send their own words to a stranger.
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

// CompleteSignUp makes the account that a sign-up link is for, with its password, and begins a half-done sign-in
// that may enrol an authenticator. From then on the link works as an invitation does, so that the person can leave half way and
// come back. Of any number of simultaneous attempts, with one link or several of one address, one makes an account.
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

// addRegistered makes the account of a sign-up and its invitation. The user comes first: its address decides which of several attempts wins, and the
// others have locked nothing by then.
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

// takenBy returns account.ErrSignedUp if this very link has made the account that has the address, and account.ErrTaken if another account has it.
func (s *Service) takenBy(ctx context.Context, hash []byte, now time.Time) error {
	if _, err := s.asked(ctx, hash, now); err != nil {
		return err
	}
	return account.ErrTaken
}
