package client

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/postern-id/postern/storage"
)

const (
	mostCached  = 10000 // clients
	mostUnknown = 1000  // ids that no client has
)

// cache holds the clients that were read since the last change of any client. Clearing it starts a new generation. A client that was read before the
// change but arrives afterwards goes into the old generation, which is no longer used.
type cache struct {
	current atomic.Pointer[generation]
}

type generation struct {
	mu      sync.RWMutex
	clients map[string]*Client
	unknown map[string]bool
	origins atomic.Pointer[map[string]bool] // of all clients; nil: not read yet
}

func (c *cache) clear() {
	c.current.Store(&generation{clients: map[string]*Client{}, unknown: map[string]bool{}})
}

// get returns the cached client or error for id, and calls read if there is neither. Of the errors of read it keeps [storage.ErrNotFound] only.
func (c *cache) get(id string, read func() (*Client, error)) (*Client, error) {
	g := c.current.Load()
	g.mu.RLock()
	found, unknown := g.clients[id], g.unknown[id]
	g.mu.RUnlock()
	switch {
	case found != nil:
		return found, nil
	case unknown:
		return nil, storage.ErrNotFound
	}
	found, err := read()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		makeRoom(g.clients, mostCached)
		g.clients[id] = found
	case errors.Is(err, storage.ErrNotFound):
		makeRoom(g.unknown, mostUnknown)
		g.unknown[id] = true
	}
	return found, err
}

// makeRoom deletes any entry of a full map.
func makeRoom[V any](m map[string]V, most int) {
	if len(m) < most {
		return
	}
	for id := range m {
		delete(m, id)
		return
	}
}
