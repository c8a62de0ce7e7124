package keys

import (
	"crypto"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/storage"
)

// algorithms lists the algorithms that tokens can be signed with, the default one first. RS256 and PS256 have separate RSA keys, because a JWK names
// one alg.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA, jose.PS256}

// key is a parsed stored key, whose RetiredAt and PublishedUntil take newer keys into account.
type key struct {
	storage.SigningKey // without its private part
	private            crypto.Signer
	public             crypto.PublicKey
	jwk                []byte // public, as published
	fault              error  // why the key is not used; nil: it is used
}

// published reports whether the key is in the published JWK Set.
func (k *key) published(now time.Time) bool {
	return k.fault == nil && (k.PublishedUntil.IsZero() || now.Before(k.PublishedUntil))
}

// signs reports whether tokens may be signed with the key.
func (k *key) signs(now time.Time) bool {
	return k.published(now) && !now.Before(k.SignsFrom) && (k.RetiredAt.IsZero() || now.Before(k.RetiredAt))
}

// set holds all keys at one version. It is immutable.
type set struct {
	version int64
	keyset  uint32          // the primary key of the keyset that decrypted them
	keys    []*key          // oldest first, unusable ones included
	byID    map[string]*key // usable ones
}

// newSet parses rows, which are in the order of creation. lifetime is the longest lifetime of a token.
//
// A row has its own RetiredAt only if an operator has removed the key. Otherwise a key retires when a newer one of its algorithm begins to sign. So
// if an operator removes that newer one, the older one goes on signing.
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

// signer returns the key that signs with an algorithm; nil if there is no such key.
func (s *set) signer(alg string, now time.Time) *key {
	for _, k := range slices.Backward(s.keys) {
		if k.Algorithm == alg && k.signs(now) {
			return k
		}
	}
	return nil
}

// missing returns the algorithms without keys. It leaves out an algorithm whose keys are all unusable: a new key would hide that somebody tampered
// with the others.
func (s *set) missing() []jose.SignatureAlgorithm {
	return slices.DeleteFunc(slices.Clone(algorithms), func(alg jose.SignatureAlgorithm) bool {
		return slices.ContainsFunc(s.keys, func(k *key) bool { return k.Algorithm == string(alg) })
	})
}

// has reports whether there is a key with that id, usable or not.
func (s *set) has(id string) bool {
	return slices.ContainsFunc(s.keys, func(k *key) bool { return k.ID == id })
}

// nextCreation returns now, or a time just after the newest key of the algorithm if that is later. Keys follow one another in the order of creation,
// even if the clock of the replica that made the last one is ahead of ours.
func (s *set) nextCreation(alg string, now time.Time) time.Time {
	for _, k := range slices.Backward(s.keys) {
		if k.Algorithm == alg && !now.After(k.CreatedAt) {
			return k.CreatedAt.Add(time.Microsecond)
		}
	}
	return now
}
