package authorize

import (
	"net/http"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/limit"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// Limits limits how many authorization requests are stored, and how many request objects are fetched, before anybody has authenticated. Known people
// and browsers are counted separately, so that others at the same address do not affect them.
type Limits struct {
	Known    *limit.Limiter // by person, or by trusted browser
	Address  *limit.Limiter // all others, by address
	App      *limit.Limiter // all others, by client and address
	Unproven *limit.Limiter // requests pushed by public clients, by client and address
	Proven   *limit.Limiter // requests pushed by other clients, by client
	Objects  *limit.Limiter // fetched objects, by person, otherwise by client and address
}

// NewLimits returns the limits of a server in service.
func NewLimits() Limits {
	return Limits{
		Known: limit.New(3000, time.Second/10), Address: limit.New(2000, time.Second/2), App: limit.New(1000, time.Second),
		Unproven: limit.New(200, 2*time.Second), Proven: limit.New(5000, 20*time.Millisecond), Objects: limit.New(300, time.Second),
	}
}

// begin counts an authorization request that is about to be stored. user identifies the person or the trusted browser; empty if neither is known.
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
