package clientauth

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage/audit"
)

// Limits of wrong credentials: the answers for one client and address, and the audit entries for one client and network. Secrets have 256 bits and
// need no protection from guessing, but the audit log must not be filled.
const (
	refusalBurst = 50
	refusalEvery = 5 * time.Second
	recordEvery  = time.Minute
)

// Budget limits what wrong credentials cost. Right ones never count: a client is not affected by a failing app that shares its address, network or
// proxy.
type Budget struct {
	audit    *audit.Log
	answered *limit.Limiter // by client and address
	recorded *limit.Limiter // by client and network, which is the address as shortened for the audit log
}

// NewBudget returns a budget that is not used yet.
func NewBudget(log *audit.Log) *Budget {
	return &Budget{audit: log, answered: limit.New(refusalBurst, refusalEvery), recorded: limit.New(refusalBurst, recordEvery)}
}

// Record writes an audit entry unless too many like it came from its network. The next entry contains the number of entries that were left out.
func (b *Budget) Record(ctx context.Context, event audit.Event, now time.Time) error {
	key := string(event.Name) + " " + event.ClientID + " " + audit.ShortAddress(event.Address)
	missed, wait := b.recorded.Take(key, now)
	if wait > 0 {
		return nil
	}
	if missed > 0 {
		event.Detail["more"] = strconv.Itoa(missed)
	}
	return b.audit.Record(ctx, event, now)
}

// Refuse records wrong credentials with the reason. It returns the refusal, or one with status 429 if the caller has sent too many, or the error of
// writing the entry.
func (b *Budget) Refuse(r *http.Request, event audit.Event, refusal *oauth.Refusal, now time.Time) error {
	event.Detail = map[string]string{"reason": string(refusal.Rule)}
	if err := b.Record(r.Context(), event, now); err != nil {
		return err
	}
	if _, wait := b.answered.Take(limit.CallerKey(r, event.ClientID), now); wait > 0 {
		return oauth.TryLater(refusal.Code, "Too many failed attempts. Please try again later.", wait)
	}
	return refusal
}
