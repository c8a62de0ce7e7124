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

// FirstFactor decides about what a person types as the password. [StoredPassword] keeps passwords here; a directory would keep them elsewhere.
type FirstFactor interface {
	// Check reports whether typed is right. login is the zero value for an unknown name; the answer takes as long then.
	Check(ctx context.Context, login storage.PasswordLogin, typed string) (Verdict, error)
	// Changeable reports whether the user's password can be set here.
	Changeable(user storage.User) bool
}

// Verdict is what a [FirstFactor] found.
type Verdict struct {
	Right bool
	// Renew, unless nil, is to be called once the sign-in has begun: it brings what is stored up to date. The sign-in does not depend on it.
	Renew func(context.Context)
}

// StoredPassword is the [FirstFactor] of passwords that are stored here as hashes.
type StoredPassword struct {
	store  *storage.Store
	hasher *password.Hasher
	log    *slog.Logger
}

// Check does the work of one check whether or not there is a hash to check against. Errors: ErrBusy.
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

// Changeable returns true.
func (p *StoredPassword) Changeable(storage.User) bool { return true }

// renew replaces a hash that is out of date. If that fails, the next sign-in tries again.
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
	Min    int    // characters of a new password; at least 8
}

// Passwords checks typed passwords and sets new ones.
type Passwords struct {
	FirstFactor
	cfg PasswordsConfig
}

// NewPasswords returns Passwords that are checked by cfg.First.
func NewPasswords(cfg PasswordsConfig) *Passwords {
	cfg.Min = max(cfg.Min, 8)
	return &Passwords{FirstFactor: cfg.First, cfg: cfg}
}

// Min returns the least number of characters of a new password.
func (p *Passwords) Min() int { return p.cfg.Min }

// Strength estimates how hard a password that may be set is to guess, from 0 (instantly) to 4 (very hard).
func (p *Passwords) Strength(typed string) int { return password.Strength(typed, p.cfg.Issuer) }

// Allowed returns a [*WeakPasswordError] for a password that must not be set. about is what the person is called.
func (p *Passwords) Allowed(typed string, about ...string) error {
	if err := password.Check(typed, append(about, p.cfg.Issuer)...); err != nil {
		return err
	}
	if utf8.RuneCountInString(norm.NFKC.String(typed)) < p.cfg.Min {
		return &password.WeakError{Reason: password.Short, Limit: p.cfg.Min}
	}
	return nil
}

// Hash checks a new password of a user and returns its hash. It is called outside of transactions: hashing takes long.
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

// Replace sets a password, by its hash, in the caller's transaction, and ends all that was granted under the earlier one, the link to a new password
// included. It returns the user of the new epoch.
func (p *Passwords) Replace(ctx context.Context, userID, hash string, now time.Time) (storage.User, error) {
	if err := p.cfg.Store.Passwords.Replace(ctx, userID, hash, now); err != nil {
		return storage.User{}, err
	}
	if err := p.cfg.Store.Links.Delete(ctx, userID, storage.LinkReset); err != nil {
		return storage.User{}, err
	}
	return p.cfg.Store.Users.ByID(ctx, userID)
}

// Differs returns ErrSamePassword if the user has the typed password already.
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
