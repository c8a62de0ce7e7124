// Package limit bounds how often something happens for each key, in the memory of one process: counting costs no statement, and a replica counts
// for itself. It also makes the keys under which requests are counted: by client application and network.
//
// What must hold across replicas is counted in the database instead, by package storage.
package limit

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/postern-id/postern/storage"
)

// Limiter allows a burst of events for each key at once, then one every interval.
type Limiter struct {
	burst int
	every time.Duration

	mu    sync.Mutex
	byKey map[string]*counter
}

// counter is the state of one key.
type counter struct {
	*rate.Limiter
	missed int // events refused since the last allowed one
}

// mostKeys is the number of keys that are kept.
const mostKeys = 10_000

// New returns a limiter that has counted nothing.
func New(burst int, every time.Duration) *Limiter {
	return &Limiter{burst: burst, every: every, byKey: map[string]*counter{}}
}

// Take counts an event of a key at now. wait is 0 if the event is allowed, otherwise the time until the next one is. For an allowed event, missed is
// the number of events of the key that were refused since the last allowed one.
func (l *Limiter) Take(key string, now time.Time) (missed int, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, known := l.byKey[key]
	if !known {
		l.forget(now)
		found = &counter{Limiter: rate.NewLimiter(rate.Every(l.every), l.burst)}
		l.byKey[key] = found
	}
	if found.AllowN(now, 1) {
		missed, found.missed = found.missed, 0
		return missed, 0
	}
	found.missed++
	return 0, time.Duration((1 - found.TokensAt(now)) * float64(l.every))
}

// forget drops the keys whose burst is whole again, once there are many keys. When that does not make room, it drops all of them.
func (l *Limiter) forget(now time.Time) {
	if len(l.byKey) < mostKeys {
		return
	}
	for key, found := range l.byKey {
		if found.TokensAt(now) >= float64(l.burst) {
			delete(l.byKey, key)
		}
	}
	if len(l.byKey) >= mostKeys {
		clear(l.byKey)
	}
}

// ClientIP returns the IP address that a request came from, which the listener has put into RemoteAddr; zero when there is no address.
func ClientIP(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr()
}

// CallerKey returns the key under which the requests of one client application from one network are counted. The same client elsewhere, and
// other clients in the same network, are counted separately.
func CallerKey(r *http.Request, clientID string) string {
	return strings.Join([]string{clientID, storage.ClientNetwork(ClientIP(r)).String()}, " ")
}
