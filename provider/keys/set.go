package keys

import (
	"crypto"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/storage"
)

// algorithms that tokens can be signed with, the default first. RS256 and PS256 have RSA keys of their own: a JWK names one alg.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.PS256}

// key is a stored key, parsed, with the end that its successors give it.
type key struct {
	storage.SigningKey // without its private part
	private            crypto.Signer
	public             crypto.PublicKey
	jwk                []byte // public, as published
	fault              error  // why the key is not used; nil: it is
}

// published reports whether clients are told of the key.
func (k *key) published(now time.Time) bool {
	return k.fault == nil && (k.PublishedUntil.IsZero() || now.Before(k.PublishedUntil))
}

// signs reports whether tokens may be signed with the key.
func (k *key) signs(now time.Time) bool {
	return k.published(now) && !now.Before(k.SignsFrom) && (k.RetiredAt.IsZero() || now.Before(k.RetiredAt))
}

// set is the state of all keys at one version. It does not change.
type set struct {
	version int64
	keyset  uint32          // the primary key of the keyset that opened them
	keys    []*key          // oldest first, unusable ones included
	byID    map[string]*key // usable ones
}

// newSet parses rows, oldest first. lifetime is that of the longest-lived token.
//
// A row has an end of its own only when an operator has removed the key. Otherwise a key retires when a newer one of its
// algorithm begins to sign; so removing that one, even before its time, leaves no gap.
func newSet(version int64, rows []storage.SigningKey, lifetime time.Duration) *set {
	s := &set{version: version, byID: map[string]*key{}}
	next := map[string]time.Time{} // by algorithm: when the earliest of the keys newer than the present one begins
	for _, row := range slices.Backward(rows) {
		k := parse(row)
		s.keys = append(s.keys, k)
		removed := row.RetiredAt
		if end, found := next[k.Algorithm]; found && (removed.IsZero() || end.Before(removed)) {
			k.RetiredAt = end
			if removed.IsZero() {
				k.PublishedUntil = end.Add(lifetime)
			}
		}
		if k.fault != nil {
			continue
		}
		s.byID[k.ID] = k
		begins, found := next[k.Algorithm]
		if neverSigns := !removed.IsZero() && !removed.After(k.SignsFrom); !neverSigns && (!found || k.SignsFrom.Before(begins)) {
			next[k.Algorithm] = k.SignsFrom
		}
	}
	slices.Reverse(s.keys)
	return s
}

// signer returns the key that signs for an algorithm, nil when there is none.
func (s *set) signer(alg string, now time.Time) *key {
	for _, k := range slices.Backward(s.keys) {
		if k.Algorithm == alg && k.signs(now) {
			return k
		}
	}
	return nil
}

// missing returns the algorithms without any key. One whose keys are all unusable is not among them: making a new one quietly
// would hide that somebody tampered with them.
func (s *set) missing() []jose.SignatureAlgorithm {
	return slices.DeleteFunc(slices.Clone(algorithms), func(alg jose.SignatureAlgorithm) bool {
		return slices.ContainsFunc(s.keys, func(k *key) bool { return k.Algorithm == string(alg) })
	})
}

// has reports whether there is a key with that id, usable or not.
func (s *set) has(id string) bool {
	return slices.ContainsFunc(s.keys, func(k *key) bool { return k.ID == id })
}

// nextCreation is now, or just after the newest key of the algorithm: the order of creation decides which key follows which, also
// if the clock of the replica that made the last one is ahead of ours.
func (s *set) nextCreation(alg string, now time.Time) time.Time {
	for _, k := range slices.Backward(s.keys) {
		if k.Algorithm == alg && !now.After(k.CreatedAt) {
			return k.CreatedAt.Add(time.Microsecond)
		}
	}
	return now
}
