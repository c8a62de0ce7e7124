package provider

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

var errClientThrottled = &oauthError{
	Status: http.StatusTooManyRequests, Code: invalidClient, Description: "Too many failed attempts from this address. Please try again later.",
}

// The failures that one address may cause: a burst, then one every few seconds. Secrets have 256 bits, so this protects the
// log and the audit, not the secrets; memory of one process is good enough.
const (
	failureBurst    = 50
	failureInterval = 5 * time.Second
	maxAddresses    = 10_000
)

// failedAttempts limits failed client authentications by address.
type failedAttempts struct {
	address func(*http.Request) string
	mu      sync.Mutex
	limits  map[string]*rate.Limiter
}

func newFailedAttempts(address func(*http.Request) string) *failedAttempts {
	return &failedAttempts{address: address, limits: map[string]*rate.Limiter{}}
}

func (f *failedAttempts) allowed(r *http.Request, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	limit, known := f.limits[f.address(r)]
	return !known || limit.TokensAt(now) >= 1
}

func (f *failedAttempts) failed(r *http.Request, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	address := f.address(r)
	limit, known := f.limits[address]
	if !known {
		f.forget(now)
		limit = rate.NewLimiter(rate.Every(failureInterval), failureBurst)
		f.limits[address] = limit
	}
	limit.AllowN(now, 1)
}

// forget drops the addresses whose budget is whole again, once there are many; should none be, all of them.
func (f *failedAttempts) forget(now time.Time) {
	if len(f.limits) < maxAddresses {
		return
	}
	for address, limit := range f.limits {
		if limit.TokensAt(now) >= failureBurst {
			delete(f.limits, address)
		}
	}
	if len(f.limits) >= maxAddresses {
		clear(f.limits)
	}
}
