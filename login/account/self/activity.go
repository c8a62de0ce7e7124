package self

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// ActivityEntry is an entry of the audit log, with the name of the app if it is about one.
type ActivityEntry struct {
	audit.Entry
	App string
}

// Activity returns up to limit entries of the audit log about a user, newest first. It begins after the entry with the id before, or with
// the newest entry if before is empty. more reports whether there are older entries.
func (s *Service) Activity(ctx context.Context, userID, before string, limit int) (activity []ActivityEntry, more bool, err error) {
	entries, err := s.cfg.Audit.OfUser(ctx, userID, before, limit+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(entries) > limit; more {
		entries = entries[:limit]
	}
	names := map[string]string{}
	for _, e := range entries {
		name, known := names[e.ClientID]
		if !known && e.ClientID != "" {
			if name, err = s.clientName(ctx, e.ClientID); err != nil {
				return nil, false, err
			}
			names[e.ClientID] = name
		}
		activity = append(activity, ActivityEntry{e, name})
	}
	return activity, more, nil
}

// clientName returns the name of a client, or the client id if the client was deleted.
func (s *Service) clientName(ctx context.Context, id string) (string, error) {
	client, err := s.cfg.Store.Clients.ByID(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return id, nil
	}
	return client.Name, err
}

// Overview counts what a person's account contains. Errors: storage.ErrNotFound.
func (s *Service) Overview(ctx context.Context, userID string, now time.Time) (storage.Overview, error) {
	return s.cfg.Store.Users.Overview(ctx, userID, now)
}
