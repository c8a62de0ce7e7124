package provider

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage/audit"
)

// How many wrong credentials of one client from one address are answered like the first, and how many from one network are recorded. Secrets
// have 256 bits and need no protection from guessing; the audit log needs it from being filled.
const (
	refusalBurst = 50
	refusalEvery = 5 * time.Second
	recordEvery  = time.Minute
)

// refusals bounds what wrong credentials cost. Right ones are never asked about: whoever shares an address, a network or a proxy with an app
// that keeps failing does not notice.
type refusals struct {
	answered *limits // by client and address
	recorded *limits // by client and network, as short as the audit log has it
}

func newRefusals() refusals {
	return refusals{newLimits(refusalBurst, refusalEvery), newLimits(refusalBurst, recordEvery)}
}

// record files an event unless too many like it came from its network. Of those that are not recorded the next entry holds the number.
func (f refusals) record(ctx context.Context, log *audit.Log, event audit.Event, now time.Time) error {
	key := string(event.Name) + " " + event.ClientID + " " + audit.ShortAddress(event.Address)
	missed, wait := f.recorded.take(key, now)
	if wait > 0 {
		return nil
	}
	if missed > 0 {
		event.Detail["more"] = strconv.Itoa(missed)
	}
	return log.Record(ctx, event, now)
}

// refused records wrong credentials with the reason, and returns the refusal, which becomes 429 for a caller who does not stop.
func (p *Provider) refused(r *http.Request, event audit.Event, refusal *oauth.Refusal, now time.Time) error {
	event.Detail = map[string]string{"reason": string(refusal.Rule)}
	if err := p.refusals.record(r.Context(), p.audit, event, now); err != nil {
		return err
	}
	if _, wait := p.refusals.answered.take(callerKey(r, event.ClientID), now); wait > 0 {
		return tooMany(refusal.Code, "Too many failed attempts. Please try again later.", wait)
	}
	return refusal
}
