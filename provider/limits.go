package provider

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// limits bounds how often something happens for each key: burst times at once, then once every interval. It counts in the memory of this
// process, so that counting costs nothing.
type limits struct {
	burst int
	every time.Duration

	mu    sync.Mutex
	byKey map[string]*limit
}

// limit is the state of one key.
type limit struct {
	*rate.Limiter
	missed int // refused since the last that was allowed
}

// How many fetches one client, holder of a token or address may cause.
const (
	fetchBurst = 60
	fetchEvery = 10 * time.Second
)

// mostLimits is how many keys are kept.
const mostLimits = 10_000

func newLimits(burst int, every time.Duration) *limits {
	return &limits{burst: burst, every: every, byKey: map[string]*limit{}}
}

// take counts one event of a key unless the limit is reached: then wait is the time until the next is allowed. missed is how many events
// of the key were refused since the last that was allowed.
func (l *limits) take(key string, now time.Time) (missed int, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, known := l.byKey[key]
	if !known {
		l.forget(now)
		found = &limit{Limiter: rate.NewLimiter(rate.Every(l.every), l.burst)}
		l.byKey[key] = found
	}
	if found.AllowN(now, 1) {
		missed, found.missed = found.missed, 0
		return missed, 0
	}
	found.missed++
	return 0, time.Duration((1 - found.TokensAt(now)) * float64(l.every))
}

// forget drops the keys whose limit is whole again, once there are many; should that not help, all of them.
func (l *limits) forget(now time.Time) {
	if len(l.byKey) < mostLimits {
		return
	}
	for key, found := range l.byKey {
		if found.TokensAt(now) >= float64(l.burst) {
			delete(l.byKey, key)
		}
	}
	if len(l.byKey) >= mostLimits {
		clear(l.byKey)
	}
}

// clientIP returns the address of a request's client, which the listener has put into RemoteAddr; zero when there is none.
func clientIP(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr()
}

// callerKey is the key of what one client application does from one address. What others do, there or elsewhere, does not count with it.
func callerKey(r *http.Request, clientID string) string {
	return strings.Join([]string{clientID, storage.ClientNetwork(clientIP(r)).String()}, " ")
}

// waitError is why something is refused that would be allowed later.
type waitError time.Duration

func (e waitError) Error() string { return "allowed again in " + time.Duration(e).String() }

// tooMany is the answer to something that came too often (RFC 6585 section 4).
func tooMany(code, description string, wait time.Duration) error {
	refusal := oauth.Refuse(oauth.TooMany).Saying(description).Because(waitError(wait))
	refusal.Code = code
	return refusal
}

// retryAfter returns the value of the header Retry-After for a refusal: whole seconds, at least one.
func retryAfter(err error) string {
	wait := waitError(time.Minute)
	errors.As(err, &wait)
	return strconv.Itoa(int(max(1, math.Ceil(time.Duration(wait).Seconds()))))
}
