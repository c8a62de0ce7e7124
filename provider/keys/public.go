package keys

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Document is the JWK Set that clients fetch (RFC 7517 section 5). It is shared and must not be changed.
type Document struct {
	JSON []byte
	ETag string // strong entity tag of JSON with its quotes (RFC 9110 section 8.8.3)
}

// published is a Document and the time for which it is current.
type published struct {
	Document
	of    *set
	from  time.Time // when a key was last removed; zero: never
	until time.Time // when a key will be removed next; zero: not known
}

// Public returns the keys that are published at now: announced ones, signing ones, and retired ones whose tokens may still be valid. It encodes them
// once per change.
func (r *Ring) Public(now time.Time) (Document, error) {
	loaded := r.current.Load()
	last := r.published.Load()
	if last != nil && last.of == loaded && !now.Before(last.from) && (last.until.IsZero() || now.Before(last.until)) {
		return last.Document, nil
	}
	made, err := publish(loaded, now)
	if err != nil {
		return Document{}, err
	}
	r.published.Store(made)
	return made.Document, nil
}

func publish(loaded *set, now time.Time) (*published, error) {
	made := &published{of: loaded}
	jwks := struct {
		Keys []json.RawMessage `json:"keys"`
	}{Keys: []json.RawMessage{}}
	for _, k := range loaded.keys {
		end := k.PublishedUntil
		switch {
		case k.fault != nil:
			continue
		case !k.published(now):
			if end.After(made.from) {
				made.from = end
			}
			continue
		case !end.IsZero() && (made.until.IsZero() || end.Before(made.until)):
			made.until = end
		}
		jwks.Keys = append(jwks.Keys, k.jwk)
	}
	text, err := json.Marshal(jwks)
	if err != nil {
		return nil, fmt.Errorf("serialise the public keys: %w", err)
	}
	sum := sha256.Sum256(text)
	made.JSON, made.ETag = text, `"`+base64.RawURLEncoding.EncodeToString(sum[:16])+`"`
	return made, nil
}
