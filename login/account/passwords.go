package account

import (
	"context"
	"errors"
	"log/slog"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/postern-id/postern/login/password"
	"github.com/postern-id/postern/storage"
)

// FirstFactor checks what a person types as the password. [StoredPassword] compares it with a stored hash; a directory would ask another
// system.
type FirstFactor interface {
	// Check reports whether typed is right. login is the zero value for an unknown name; Check must then take as long as for a known one.
	Check(ctx context.Context, login storage.PasswordLogin, typed string) (Verdict, error)
	// Changeable reports whether the user's password can be set here.
	Changeable(user storage.User) bool
}

// Verdict is the result of [FirstFactor.Check].
type Verdict struct {
	Right bool
	// Renew, unless nil, updates the stored password. It is called once the sign-in has begun, which does not depend on its success.
	Renew func(context.Context)
}

// StoredPassword is the [FirstFactor] for passwords that are stored as hashes in the database.
type StoredPassword struct {
	store  *storage.Store
	hasher *password.Hasher
	log    *slog.Logger
}

// Check implements [FirstFactor]. It hashes once whether or not there is a hash to compare with. Errors: ErrBusy.
func (p *StoredPassword) Check(ctx context.Context, login storage.PasswordLogin, typed string) (Verdict, error) {
	if login.Hash == "" {
		return Verdict{}, p.hasher.VerifyNobody(ctx, typed)
	}
	right, outdated, err := p.hasher.Verify(ctx, typed, login.Hash)
	if errors.Is(err, password.ErrHash) {
		p.log.ErrorContext(ctx, "stored password hash is damaged", "user_id", login.ID, "err", err)
		return Verdict{}, p.hasher.VerifyNobody(ctx, typed)
	}
	verdict := Verdict{Right: right}
	if outdated {
		verdict.Renew = func(ctx context.Context) { p.renew(ctx, login, typed) }
	}
	return verdict, err
}

// Changeable implements [FirstFactor]. It returns true.
func (p *StoredPassword) Changeable(storage.User) bool { return true }

// renew replaces an outdated hash. If that fails, the next sign-in tries again.
func (p *StoredPassword) renew(ctx context.Context, login storage.PasswordLogin, typed string) {
	hash, err := p.hasher.Hash(ctx, typed)
	if err == nil {
		err = p.store.Passwords.Rehash(ctx, login.ID, login.Hash, hash)
	}
	if err != nil && !errors.Is(err, storage.ErrStale) {
		p.log.WarnContext(ctx, "password hash not renewed", "user_id", login.ID, "err", err)
	}
}

// PasswordsConfig is what [NewPasswords] needs. All fields but the last are required.
type PasswordsConfig struct {
	Store  *storage.Store
	Hasher *password.Hasher
	First  FirstFactor
	Issuer string // the name of the service, which no password may contain
	Min    int    // minimum length of a new password, in characters; at least 8
}

// Passwords checks typed passwords and sets new ones.
type Passwords struct {
	FirstFactor
	cfg PasswordsConfig
}

// NewPasswords returns Passwords that uses cfg.First to check passwords.
func NewPasswords(cfg PasswordsConfig) *Passwords {
	cfg.Min = max(cfg.Min, 8)
	return &Passwords{FirstFactor: cfg.First, cfg: cfg}
}

// Min returns the minimum length of a new password, in characters.
func (p *Passwords) Min() int { return p.cfg.Min }

// Strength estimates how hard a password that may be set is to guess, from 0 (instantly) to 4 (very hard).
func (p *Passwords) Strength(typed string) int { return password.Strength(typed, p.cfg.Issuer) }

// Allowed returns a [*WeakPasswordError] for a password that must not be set. about holds the person's names.
func (p *Passwords) Allowed(typed string, about ...string) error {
	if err := password.Check(typed, append(about, p.cfg.Issuer)...); err != nil {
		return err
	}
	if utf8.RuneCountInString(norm.NFKC.String(typed)) < p.cfg.Min {
		return &password.WeakError{Reason: password.Short, Limit: p.cfg.Min}
	}
	return nil
}

// Hash checks a new password of a user and returns its hash. It must be called outside of transactions, because hashing takes long.
//
// Errors: *WeakPasswordError, ErrBusy, ErrPasswordElsewhere.
func (p *Passwords) Hash(ctx context.Context, typed string, user storage.User) (string, error) {
	if !p.Changeable(user) {
		return "", ErrPasswordElsewhere
	}
	name, _ := user.Claims["name"].(string)
	if err := p.Allowed(typed, user.Email, user.Username, name); err != nil {
		return "", err
	}
	return p.cfg.Hasher.Hash(ctx, typed)
}

// Replace stores the hash of a new password in the caller's transaction, and ends everything granted under the earlier password, reset
// links included. It returns the user in the new epoch.
func (p *Passwords) Replace(ctx context.Context, userID, hash string, now time.Time) (storage.User, error) {
	if err := p.cfg.Store.Passwords.Replace(ctx, userID, hash, now); err != nil {
		return storage.User{}, err
	}
	if err := p.cfg.Store.Links.Delete(ctx, userID, storage.LinkReset); err != nil {
		return storage.User{}, err
	}
	return p.cfg.Store.Users.ByID(ctx, userID)
}

// Differs returns ErrSamePassword if the typed password is the user's current one.
func (p *Passwords) Differs(ctx context.Context, user storage.User, typed string) error {
	login, err := p.cfg.Store.Passwords.ByLogin(ctx, user.Email)
	if err != nil {
		return err
	}
	verdict, err := p.Check(ctx, login, typed)
	if err == nil && verdict.Right {
		return ErrSamePassword
	}
	return err
}
