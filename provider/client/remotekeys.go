package client

import (
	"context"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"github.com/postern-id/postern/provider/fetch"
)

// The bounds of fetching a client's keys. Assertions with an unknown key must not make Postern fetch each time.
const (
	keysFresh    = 10 * time.Minute // keys are used without asking again
	keysStale    = 24 * time.Hour   // and when asking fails, so long
	fetchEvery   = 10 * time.Second // at most, for one address
	mostKeySets  = 1000             // kept in memory
	longestReply = longestJWKS
)

// RemoteKeys fetches the key sets at the jwks_uri of clients and keeps them. Its methods may be called from many goroutines at once; of
// those that need the same fetch one makes it and the others wait, each as long as its own context allows.
type RemoteKeys struct {
	fetch *fetch.Client
	group singleflight.Group

	mu   sync.Mutex
	sets map[string]remoteSet // by address
}

// remoteSet is the keys at one address.
type remoteSet struct {
	keys    *jose.JSONWebKeySet
	fetched time.Time // when keys came
	tried   time.Time // when they were last asked for
	err     error     // of that
}

// NewRemoteKeys returns an empty RemoteKeys.
func NewRemoteKeys(f *fetch.Client) *RemoteKeys {
	return &RemoteKeys{fetch: f, sets: make(map[string]remoteSet)}
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
	set, now := r.known(uri), time.Now()
	if set.due(age, now) {
		// The fetch outlives its caller, for whom others may be waiting.
		loading := r.group.DoChan(uri, func() (any, error) { return r.load(context.WithoutCancel(ctx), uri, age), nil })
		select {
		case result := <-loading:
			set = result.Val.(remoteSet)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if set.keys == nil || now.Sub(set.fetched) >= keysStale {
		return nil, set.err
	}
	return set.keys, nil
}

// due reports whether keys that must not be older than age have to be asked for, and may be.
func (s remoteSet) due(age time.Duration, now time.Time) bool {
	return now.Sub(s.fetched) >= age && now.Sub(s.tried) >= fetchEvery
}

// load asks for the keys at an address, unless somebody else has done so since the caller looked.
func (r *RemoteKeys) load(ctx context.Context, uri string, age time.Duration) remoteSet {
	set, now := r.known(uri), time.Now()
	if !set.due(age, now) {
		return set
	}
	set.tried = now
	var body []byte
	if body, set.err = r.fetch.Get(ctx, uri, "application/jwk-set+json, application/json", longestReply); set.err == nil {
		var keys *jose.JSONWebKeySet
		if keys, set.err = parseJWKS(body); set.err == nil {
			set.keys, set.fetched = keys, now
		}
	}
	r.keep(uri, set)
	return set
}

func (r *RemoteKeys) known(uri string) remoteSet {
	r.mu.Lock()
	defer r.mu.Unlock()
	set, found := r.sets[uri]
	if !found {
		set.err = fetch.ErrAnswer
	}
	return set
}

// keep remembers what is at an address. When there are too many, all are forgotten: they come back with the next requests.
func (r *RemoteKeys) keep(uri string, set remoteSet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, found := r.sets[uri]; !found && len(r.sets) >= mostKeySets {
		clear(r.sets)
	}
	r.sets[uri] = set
}
