package keys

import "time"

// State is the state of a key.
type State string

// The states of a key.
const (
	Announced State = "announced" // published, signs later
	Signing   State = "signing"
	Retired   State = "retired"  // signs no more, still published
	Removed   State = "removed"  // neither signs nor verifies
	Unusable  State = "unusable" // stored wrongly: neither signs nor verifies
)

// Key describes a signing key for lists, without its private part.
type Key struct {
	ID             string    `json:"kid"`
	Algorithm      string    `json:"alg"` // RFC 7518 section 3.1
	State          State     `json:"state"`
	CreatedAt      time.Time `json:"created_at"`
	SignsFrom      time.Time `json:"signs_from"`
	RetiredAt      time.Time `json:"retired_at,omitzero"`      // zero: not known yet
	PublishedUntil time.Time `json:"published_until,omitzero"` // likewise
	Fault          string    `json:"fault,omitempty"`          // why the key is unusable
}

// List returns all keys in memory, oldest first.
func (r *Ring) List(now time.Time) []Key {
	loaded := r.current.Load()
	list := make([]Key, len(loaded.keys))
	for i, k := range loaded.keys {
		list[i] = k.describe(now)
	}
	return list
}

func (k *key) describe(now time.Time) Key {
	described := Key{
		ID: k.ID, Algorithm: k.Algorithm, State: Retired, CreatedAt: k.CreatedAt, SignsFrom: k.SignsFrom, RetiredAt: k.RetiredAt,
		PublishedUntil: k.PublishedUntil,
	}
	switch {
	case k.fault != nil:
		described.State, described.Fault = Unusable, k.fault.Error()
	case !k.published(now):
		described.State = Removed
	case k.signs(now):
		described.State = Signing
	case now.Before(k.SignsFrom) && (k.RetiredAt.IsZero() || k.SignsFrom.Before(k.RetiredAt)):
		described.State = Announced
	}
	return described
}
