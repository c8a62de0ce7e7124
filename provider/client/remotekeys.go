package client

import (
	"context"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/postern-id/postern/provider/fetch"
)

// The bounds of fetching a client's keys. Whoever sends assertions with an unknown key must not make Postern fetch each time.
const (
	keysFresh    = 10 * time.Minute // keys are used without asking again
	keysStale    = 24 * time.Hour   // and when asking fails, so long
	fetchEvery   = 10 * time.Second // at most, for one address
	mostKeySets  = 1000             // kept in memory
	longestReply = longestJWKS
)

// RemoteKeys fetches the key sets at the jwks_uri of clients and keeps them. Its methods may be called from many goroutines at once; of
// those that need the same fetch one makes it and the others wait.
type RemoteKeys struct {
	fetch *fetch.Client

	mu   sync.Mutex
	sets map[string]*remoteSet // by address
}

// remoteSet is the keys at one address.
type remoteSet struct {
	mu      sync.Mutex // held while fetching
	keys    *jose.JSONWebKeySet
	fetched time.Time // when keys came
	tried   time.Time // when they were last asked for
	err     error     // of that
}

// NewRemoteKeys returns an empty RemoteKeys.
func NewRemoteKeys(f *fetch.Client) *RemoteKeys {
	return &RemoteKeys{fetch: f, sets: make(map[string]*remoteSet)}
}

// Keys returns the keys at c's jwks_uri, fetched within the last ten minutes, or older ones when the client's server does not answer. The error
// is for the log: without keys a signature simply does not fit.
func (r *RemoteKeys) Keys(ctx context.Context, c *Client) (*jose.JSONWebKeySet, error) {
	return r.get(ctx, c.JWKSURI, keysFresh)
}

// Refresh is Keys for a signature that fits none of them: it asks again, but not more often than every ten seconds.
func (r *RemoteKeys) Refresh(ctx context.Context, c *Client) (*jose.JSONWebKeySet, error) {
	return r.get(ctx, c.JWKSURI, fetchEvery)
}

func (r *RemoteKeys) get(ctx context.Context, uri string, age time.Duration) (*jose.JSONWebKeySet, error) {
	set := r.set(uri)
	set.mu.Lock()
	defer set.mu.Unlock()
	now := time.Now()
	if now.Sub(set.fetched) >= age && now.Sub(set.tried) >= fetchEvery {
		set.tried = now
		var body []byte
		if body, set.err = r.fetch.Get(ctx, uri, "application/jwk-set+json, application/json", longestReply); set.err == nil {
			var keys *jose.JSONWebKeySet
			if keys, set.err = parseJWKS(body); set.err == nil {
				set.keys, set.fetched = keys, now
			}
		}
	}
	if set.keys == nil || now.Sub(set.fetched) >= keysStale {
		return nil, set.err
	}
	return set.keys, nil
}

// set returns the entry of an address. When there are too many, all are forgotten: they come back with the next requests.
func (r *RemoteKeys) set(uri string) *remoteSet {
	r.mu.Lock()
	defer r.mu.Unlock()
	set, found := r.sets[uri]
	if !found {
		if len(r.sets) >= mostKeySets {
			clear(r.sets)
		}
		set = &remoteSet{err: fetch.ErrAnswer}
		r.sets[uri] = set
	}
	return set
}
