package account

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/postern-id/postern/storage"
)

// The pages that mailed links lead to. Each takes the secret in its query as ticket.
const (
	invitePath = "/invite"
	verifyPath = "/verify"
	resetPath  = "/reset/new"
	disownPath = "/reset/not-me"
)

// link is a one-time address with what is stored of it.
type link struct {
	secret  string
	hash    []byte
	url     string
	expires time.Time
}

func (l link) notice(kind NoticeKind) Notice {
	return Notice{Kind: kind, Link: l.url, Expires: l.expires}
}

// back returns the address of a mailed link that the visitor asked for: it leads their browser back to the request in progress.
func (v Visitor) back(address string) string {
	if v.Flow == "" {
		return address
	}
	return address + "&" + url.Values{"flow": {v.Flow}}.Encode()
}

// back returns the link that a visitor asked for.
func (l link) back(v Visitor) link {
	l.url = v.back(l.url)
	return l
}

func (s *Service) newLink(path string, life time.Duration, now time.Time) link {
	secret := newSecret()
	return link{
		secret: secret, hash: storage.Hash(secret), url: s.cfg.SiteURL + path + "?" + url.Values{"ticket": {secret}}.Encode(), expires: now.Add(life),
	}
}

// issue stores a ticket with a new secret in place of the user's earlier one of its kind, in the caller's transaction.
func (s *Service) issue(ctx context.Context, ticket storage.Link, path string, life time.Duration, now time.Time) (link, error) {
	issued := s.newLink(path, life, now)
	ticket.Hash, ticket.CreatedAt, ticket.ExpiresAt = issued.hash, storage.At(now), storage.At(issued.expires)
	return issued, s.store.Links.Add(ctx, ticket)
}

// liveTicket returns a ticket that can still be used and its user, or ErrTicket.
func (s *Service) liveTicket(ctx context.Context, hash []byte, kind string, now time.Time) (storage.Link, storage.User, error) {
	ticket, err := s.store.Links.ByHash(ctx, hash, kind)
	if errors.Is(err, storage.ErrNotFound) || err == nil && (!ticket.UsedAt.IsZero() || !now.Before(ticket.ExpiresAt.Time)) {
		return storage.Link{}, storage.User{}, ErrTicket
	}
	if err != nil {
		return storage.Link{}, storage.User{}, err
	}
	user, err := s.store.Users.ByID(ctx, ticket.UserID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && user.Disabled() {
		return storage.Link{}, storage.User{}, ErrTicket
	}
	return ticket, user, err
}
