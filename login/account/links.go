package account

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// Link is a one-time link. It has the secret, which is shown or mailed once and never stored.
type Link struct {
	Secret    string
	Hash      []byte // of Secret, as it is stored
	URL       string
	ExpiresAt time.Time
}

// Notice returns the message that contains the link.
func (l Link) Notice(kind NoticeKind) Notice {
	return Notice{Kind: kind, Link: l.URL, Expires: l.ExpiresAt}
}

// For returns the link for the visitor who asked for it: in that visitor's browser it returns to the request in progress.
func (l Link) For(v Visitor) Link {
	if v.Flow != "" {
		l.URL += "&" + url.Values{"flow": {v.Flow}}.Encode()
	}
	return l
}

// purposes says, for each purpose of a link, which page it opens and how long it is valid. The page takes the secret as the query parameter
// ticket.
var purposes = map[string]struct {
	page string
	life time.Duration
}{
	storage.LinkEnrol:  {"/invite", 72 * time.Hour},
	storage.LinkVerify: {"/verify", 72 * time.Hour},
	storage.LinkEmail:  {"/verify", 72 * time.Hour},
	storage.LinkReset:  {"/reset/new", 30 * time.Minute},
	storage.LinkDisown: {"/reset/not-me", 7 * 24 * time.Hour},
}

// Links makes one-time links and checks them.
type Links struct {
	store *storage.Store
	audit *audit.Log
	site  string // base URL of the pages, without a trailing slash
}

// New returns a link of a purpose (storage.LinkEnrol and its like) that is not stored yet.
func (l *Links) New(purpose string, now time.Time) Link {
	secret, of := NewSecret(), purposes[purpose]
	return Link{
		Secret: secret, Hash: storage.Hash(secret), URL: l.site + of.page + "?" + url.Values{"ticket": {secret}}.Encode(), ExpiresAt: now.Add(of.life),
	}
}

// Issue stores a new link in place of the user's earlier one for the purpose, in the caller's transaction. email is the e-mail address that
// the link is about; it may be empty.
func (l *Links) Issue(ctx context.Context, purpose, userID, email string, now time.Time) (Link, error) {
	link := l.New(purpose, now)
	return link, l.store.Links.Add(ctx, storage.Link{
		Hash: link.Hash, Purpose: purpose, UserID: userID, Email: email, CreatedAt: storage.At(now), ExpiresAt: storage.At(link.ExpiresAt),
	})
}

// Invite makes an invitation with its audit entry, in the caller's transaction. It discards a pending authenticator that somebody has begun
// with an earlier link: that secret must not become a factor of the person who uses the new link.
func (l *Links) Invite(ctx context.Context, user storage.User, event audit.Event, now time.Time) (Link, error) {
	if err := l.store.Enrolments.EndOfUser(ctx, user.ID); err != nil {
		return Link{}, err
	}
	link, err := l.Issue(ctx, storage.LinkEnrol, user.ID, "", now)
	if err != nil {
		return Link{}, err
	}
	return link, l.audit.Record(ctx, event, now)
}

// Find returns the stored record of a link that can still be used. Errors: ErrLink.
func (l *Links) Find(ctx context.Context, hash []byte, purpose string, now time.Time) (storage.Link, error) {
	stored, err := l.store.Links.ByHash(ctx, hash, purpose)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (!stored.UsedAt.IsZero() || !now.Before(stored.ExpiresAt.Time)) {
		return storage.Link{}, ErrLink
	}
	return stored, err
}

// Open is [Links.Find] and also returns the link's user, who must not be disabled. Errors: ErrLink.
func (l *Links) Open(ctx context.Context, hash []byte, purpose string, now time.Time) (storage.Link, storage.User, error) {
	stored, err := l.Find(ctx, hash, purpose, now)
	if err != nil {
		return storage.Link{}, storage.User{}, err
	}
	user, err := l.store.Users.ByID(ctx, stored.UserID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && user.Disabled() {
		return storage.Link{}, storage.User{}, ErrLink
	}
	return stored, user, err
}

// OpenMailed is [Links.Open] for a link that must have been mailed to the user's current e-mail address. Errors: ErrLink.
func (l *Links) OpenMailed(ctx context.Context, hash []byte, purpose string, now time.Time) (storage.Link, storage.User, error) {
	stored, user, err := l.Open(ctx, hash, purpose, now)
	if err == nil && stored.Email != user.Email {
		return storage.Link{}, storage.User{}, ErrLink
	}
	return stored, user, err
}

// OpenEmailChange is [Links.Open] for the link to a new e-mail address that has not been confirmed or given up. Errors: ErrLink.
func (l *Links) OpenEmailChange(ctx context.Context, hash []byte, now time.Time) (storage.Link, storage.User, error) {
	stored, user, err := l.Open(ctx, hash, storage.LinkEmail, now)
	if err == nil && !user.EmailChanging(now) {
		return storage.Link{}, storage.User{}, ErrLink
	}
	return stored, user, err
}

// NewEmail returns the new e-mail address that the user has asked for and not yet confirmed, and when its link expires. The address is
// empty if there is no such change.
func (l *Links) NewEmail(ctx context.Context, user storage.User, now time.Time) (email string, until time.Time, err error) {
	if !user.EmailChanging(now) {
		return "", time.Time{}, nil
	}
	stored, err := l.store.Links.OfUser(ctx, user.ID, storage.LinkEmail)
	if errors.Is(err, storage.ErrNotFound) {
		return "", time.Time{}, nil
	}
	return stored.Email, user.EmailChangeUntil.Time, err
}

// Spend uses up a link. Errors: ErrLink if another request has used it.
func (l *Links) Spend(ctx context.Context, hash []byte, purpose string, now time.Time) error {
	err := l.store.Links.Spend(ctx, hash, purpose, now)
	if errors.Is(err, storage.ErrNotFound) {
		return ErrLink
	}
	return err
}
