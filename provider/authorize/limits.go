package authorize

import (
	"net/http"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// Limits bounds the authorization requests that are stored, and the objects that are fetched for them, before anybody has proven anything.
// People and browsers that are known are counted by themselves, and not limited by others at the same address.
type Limits struct {
	Known    *limit.Limiter // by person, or by browser that a person has signed in with
	Address  *limit.Limiter // of all others, by address
	App      *limit.Limiter // and by client and address
	Unproven *limit.Limiter // pushed by clients that cannot prove themselves, by client and address
	Proven   *limit.Limiter // pushed by clients that can, by client
	Objects  *limit.Limiter // fetched, by person, else by client and address
}

// NewLimits returns the limits that are in force.
func NewLimits() Limits {
	return Limits{
		Known: limit.New(3000, time.Second/10), Address: limit.New(2000, time.Second/2), App: limit.New(1000, time.Second),
		Unproven: limit.New(200, 2*time.Second), Proven: limit.New(5000, 20*time.Millisecond), Objects: limit.New(300, time.Second),
	}
}

// begin counts an authorization request that is about to be stored. user names the person or the browser; empty: neither is known.
func (l Limits) begin(r *http.Request, clientID, user string, now time.Time) error {
	var wait time.Duration
	if user != "" {
		_, wait = l.Known.Take(user, now)
	} else if _, wait = l.App.Take(limit.CallerKey(r, clientID), now); wait == 0 {
		_, wait = l.Address.Take(storage.ClientNetwork(limit.ClientIP(r)).String(), now)
	}
	if wait > 0 {
		return oauth.TryLater(oauth.TemporarilyUnavailable, "Too many sign-ins were begun. Please try again later.", wait)
	}
	return nil
}

// push counts a pushed request that is about to be stored (RFC 9126 section 2.3).
func (l Limits) push(r *http.Request, caller *client.Client, now time.Time) error {
	key, bound := caller.ID, l.Proven
	if caller.Public() {
		key, bound = limit.CallerKey(r, caller.ID), l.Unproven
	}
	if _, wait := bound.Take(key, now); wait > 0 {
		return oauth.TryLater(oauth.TemporarilyUnavailable, "Too many requests were pushed. Please try again later.", wait)
	}
	return nil
}

// fetch counts a request object that is about to be fetched.
func (l Limits) fetch(key string, now time.Time) error {
	if _, wait := l.Objects.Take(key, now); wait > 0 {
		return oauth.TryLater(oauth.TemporarilyUnavailable, "Too many request objects were asked for. Please try again later.", wait)
	}
	return nil
}
