package account

import (
	"context"

	"github.com/postern-id/postern/storage/audit"
)

// Activity returns up to limit entries of the audit log about a user, newest first, older than the entry with the id before (empty: from
// the newest). more says that there are older ones.
func (s *Service) Activity(ctx context.Context, userID, before string, limit int) (entries []audit.Entry, more bool, err error) {
	entries, err = s.audit.OfUser(ctx, userID, before, limit+1)
	if len(entries) > limit {
		return entries[:limit], true, nil
	}
	return entries, false, err
}
