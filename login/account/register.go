package account

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// RegistrationForm is what the registration page sends.
type RegistrationForm struct {
	Email   string
	Name    string // the claim name
	Locale  string // the claim locale: the language of the page; may be empty
	Visitor Visitor
}

// Register mails a link to whoever asks for an account. No account exists until the link is followed. The owner of an address
// that has an account already is told so; whoever asked is not: the work and the result are the same.
//
// Errors: *InvalidError, ErrClosed; *WaitError when too much was asked for from this client address.
func (s *Service) Register(ctx context.Context, form RegistrationForm, now time.Time) error {
	if !s.Open() {
		return ErrClosed
	}
	form.Email = typedEmail(form.Email)
	if err := errors.Join(checkEmail(form.Email), checkLookalike("email", form.Email), checkPersonName(form.Name)); err != nil {
		return err
	}
	login, err := s.store.Passwords.ByLogin(ctx, form.Email) // costs the same for an address that nobody has
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	mailbox := s.throttle.Mailbox(storage.CanonicalName(form.Email))
	return s.sendAsked(ctx, "mailbox", mailbox, login.User, form.Visitor, now, func(ctx context.Context) error {
		return s.register(ctx, form, login.User, now)
	})
}

func (s *Service) register(ctx context.Context, form RegistrationForm, owner storage.User, now time.Time) error {
	asked := s.newLink(verifyPath, verifyLife, now)
	// Of an address that is taken too, for the same work: nobody ever gets to know that secret.
	if err := s.store.SignUps.Add(ctx, storage.SignUp{
		Hash: asked.hash, Email: form.Email, Name: form.Name, Locale: form.Locale,
		CreatedAt: storage.At(now), ExpiresAt: storage.At(asked.expires),
	}); err != nil {
		return err
	}
	// The name stays out of the message: else anybody could have Postern send words of theirs to a stranger.
	to, notice := storage.User{Email: form.Email, Claims: localeClaim(form.Locale)}, asked.back(form.Visitor).notice(NoticeRegistration)
	if owner.ID != "" {
		to, notice = owner, Notice{Kind: NoticeAddressTaken}
	}
	if err := s.notices.Send(ctx, to, notice, now); err != nil {
		return err
	}
	return s.audit.Record(ctx, form.Visitor.event(audit.RegistrationAsked, owner.ID), now)
}

func localeClaim(locale string) storage.Claims {
	if locale == "" {
		return nil
	}
	return storage.Claims{"locale": locale}
}

const maxPersonName = 128 // characters

func checkPersonName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > maxPersonName || name != strings.TrimSpace(name) || !printable(name) {
		return invalid("name", "has 1 to 128 visible characters")
	}
	return nil
}

// CompleteRegistration makes the account that a registration link is for, with its password, and begins a half-done sign-in
// that may enrol an authenticator. From then on the link works as an invitation does, so that the person can leave half way and
// come back. Of any number of attempts at once, with one link or several of one address, one makes an account.
//
// Errors: ErrTicket, ErrRegistered, ErrTaken, *WeakPasswordError, ErrBusy.
func (s *Service) CompleteRegistration(ctx context.Context, set InvitedPassword, now time.Time) (HalfCookie, error) {
	hash := storage.Hash(set.Ticket)
	asked, err := s.registration(ctx, hash, now)
	if errors.Is(err, ErrTicket) {
		return HalfCookie{}, s.refuse(ctx, err, set.Visitor.event(audit.TicketRefused, ""), now)
	}
	if err != nil {
		return HalfCookie{}, err
	}
	claims := map[string]any(localeClaim(asked.Locale))
	user, err := NewUser{Email: asked.Email, EmailVerified: true, Name: asked.Name, Claims: claims}.user(now)
	if err != nil {
		return HalfCookie{}, err
	}
	encoded, err := s.hashNew(ctx, set.Password, user)
	if err != nil {
		return HalfCookie{}, err
	}
	half := HalfCookie{Secret: newSecret(), Browser: set.Browser}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.addRegistered(ctx, user, asked, encoded, set.Visitor, now); err != nil {
			return err
		}
		return s.store.Sessions.BeginSignIn(ctx, storage.HalfSignIn{
			TokenHash: half.hash(), User: user, LinkHash: hash, Browser: set.Visitor.Browser,
			ClientIP: audit.ShortAddress(set.Visitor.Address.String()), CreatedAt: now, ExpiresAt: now.Add(enrolmentLife),
		}, s.audit.Rider(set.Visitor.event(audit.PasswordAccepted, user.ID), now))
	})
	if errors.Is(err, storage.ErrConflict) {
		return HalfCookie{}, s.takenBy(ctx, hash, now)
	}
	return half, err
}

// addRegistered makes the account of a registration and its invitation. The user comes first: its address arbitrates, and who
// loses has locked nothing that others wait for.
func (s *Service) addRegistered(ctx context.Context, user storage.User, asked storage.SignUp, encoded string, visitor Visitor, now time.Time) error {
	if err := s.store.Users.Add(ctx, user); err != nil {
		return err
	}
	if err := s.store.SignUps.Spend(ctx, asked.Hash, now); err != nil {
		return ticketLost(err)
	}
	if err := s.store.SignUps.DeleteByEmail(ctx, asked.Email); err != nil {
		return err
	}
	if err := s.store.Passwords.Set(ctx, user.ID, encoded, now); err != nil {
		return err
	}
	if err := s.store.Links.Add(ctx, storage.Link{
		Hash: asked.Hash, Purpose: storage.LinkEnrol, UserID: user.ID, CreatedAt: storage.At(now), ExpiresAt: asked.ExpiresAt,
	}); err != nil {
		return err
	}
	for _, name := range []audit.Name{audit.UserRegistered, audit.PasswordSet} {
		if err := s.audit.Record(ctx, visitor.event(name, user.ID), now); err != nil {
			return err
		}
	}
	return nil
}

// registration returns an account that was asked for. Errors: ErrTicket, ErrRegistered.
func (s *Service) registration(ctx context.Context, hash []byte, now time.Time) (storage.SignUp, error) {
	asked, err := s.store.SignUps.ByHash(ctx, hash, now)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		if _, err := s.goodTicket(ctx, hash, now); err != nil {
			return storage.SignUp{}, err
		}
		return storage.SignUp{}, ErrRegistered
	case err == nil && !s.Open():
		return storage.SignUp{}, ErrTicket
	}
	return asked, err
}

// takenBy says who has the address of a registration: the account that this very link has made, or another.
func (s *Service) takenBy(ctx context.Context, hash []byte, now time.Time) error {
	if _, err := s.registration(ctx, hash, now); err != nil {
		return err
	}
	return ErrTaken
}
