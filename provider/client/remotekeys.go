package client

import (
	"context"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"github.com/postern-id/postern/provider/fetch"
)

// Limits of fetching clients' keys. Assertions with an unknown key must not cause a fetch each time.
const (
	keysFresh    = 10 * time.Minute // in which keys are used without another fetch
	keysStale    = 24 * time.Hour   // in which they are used if fetching fails
	fetchEvery   = 10 * time.Second // at most, for one address
	mostKeySets  = 1000             // kept in memory
	longestReply = longestJWKS
)

// RemoteKeys fetches the key sets at the jwks_uri of clients and keeps them. Its methods are safe for concurrent use. Callers that need the same keys
// at the same time share one fetch; each waits as long as its own context allows.
type RemoteKeys struct {
	fetch *fetch.Client
	group singleflight.Group

	mu   sync.Mutex
	sets map[string]remoteSet // by address
}

// remoteSet holds the keys at one address.
type remoteSet struct {
	keys    *jose.JSONWebKeySet
	fetched time.Time // when keys came
	tried   time.Time // when the last fetch began
	err     error     // of the last fetch
}

// NewRemoteKeys returns an empty RemoteKeys.
func NewRemoteKeys(f *fetch.Client) *RemoteKeys {
	return &RemoteKeys{fetch: f, sets: make(map[string]remoteSet)}
}

// Keys returns the keys at c's jwks_uri. It fetches them if they are older than ten minutes, and returns the older ones if that fails, for a day. The
// error is for the log: without keys, no signature is valid.
func (r *RemoteKeys) Keys(ctx context.Context, c *Client) (*jose.JSONWebKeySet, error) {
	return r.get(ctx, c.JWKSURI, keysFresh)
}

// Refresh is [RemoteKeys.Keys] for a signature that none of the keys has made. It fetches them again, at most every ten seconds.
func (r *RemoteKeys) Refresh(ctx context.Context, c *Client) (*jose.JSONWebKeySet, error) {
	return r.get(ctx, c.JWKSURI, fetchEvery)
}

func (r *RemoteKeys) get(ctx context.Context, uri string, age time.Duration) (*jose.JSONWebKeySet, error) {
	set, now := r.known(uri), time.Now()
	if set.due(age, now) {
		// The fetch outlives its caller, because others may be waiting for it.
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

// due reports whether the keys are older than age and may be fetched again.
func (s remoteSet) due(age time.Duration, now time.Time) bool {
	return now.Sub(s.fetched) >= age && now.Sub(s.tried) >= fetchEvery
}

// load fetches the keys at an address, unless another caller has fetched them meanwhile.
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

// keep stores the keys of an address. If there are too many addresses, it forgets all of them: the next requests fetch their keys again.
func (r *RemoteKeys) keep(uri string, set remoteSet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, found := r.sets[uri]; !found && len(r.sets) >= mostKeySets {
		clear(r.sets)
	}
	r.sets[uri] = set
}
