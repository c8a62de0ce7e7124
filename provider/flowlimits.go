package provider

import (
	"errors"
	"net/http"
	"time"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/oauth"
	"github.com/postern-id/postern/storage"
)

// flowLimits bounds the authorization requests that are stored, and the objects that are fetched for them, before anybody has proven anything.
// Whoever is known to Postern is counted by themselves and not held by others at the same address.
type flowLimits struct {
	known    *limits // by person, or by browser that a person has signed in with
	address  *limits // of all others, by address
	app      *limits // and by client and address
	unproven *limits // pushed by clients that cannot prove themselves, by client and address
	proven   *limits // pushed by clients that can, by client
	objects  *limits // fetched, by person, else by client and address
}

func newFlowLimits() flowLimits {
	return flowLimits{
		known: newLimits(3000, time.Second/10), address: newLimits(2000, time.Second/2), app: newLimits(1000, time.Second),
		unproven: newLimits(200, 2*time.Second), proven: newLimits(5000, 20*time.Millisecond), objects: newLimits(300, time.Second),
	}
}

// mayBegin counts an authorization request that is about to be stored. user is empty when nobody is signed in.
func (p *Provider) mayBegin(r *http.Request, clientID, user string, now time.Time) error {
	if user == "" {
		user = p.signIns.TrustedBrowser(r)
	}
	var wait time.Duration
	if user != "" {
		_, wait = p.limits.known.take(user, now)
	} else if _, wait = p.limits.app.take(callerKey(r, clientID), now); wait == 0 {
		_, wait = p.limits.address.take(storage.ClientNetwork(clientIP(r)).String(), now)
	}
	if wait > 0 {
		return tooMany(oauth.TemporarilyUnavailable, "Too many sign-ins were begun. Please try again later.", wait)
	}
	return nil
}

// mayPush counts a pushed request that is about to be stored (RFC 9126 section 2.3).
func (p *Provider) mayPush(r *http.Request, caller *client.Client, now time.Time) error {
	key, bound := caller.ID, p.limits.proven
	if caller.Public() {
		key, bound = callerKey(r, caller.ID), p.limits.unproven
	}
	if _, wait := bound.take(key, now); wait > 0 {
		return tooMany(oauth.TemporarilyUnavailable, "Too many requests were pushed. Please try again later.", wait)
	}
	return nil
}

// objectFor returns the request object at a request_uri. For somebody who is signed in it is fetched each time, for others once in a while.
func (p *Provider) objectFor(r *http.Request, clientID, requestURI string, now time.Time) (string, error) {
	key := callerKey(r, clientID)
	signedIn, err := p.signIns.Current(r, "")
	if err == nil {
		key = "person " + signedIn.User().ID
	} else if !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	return p.objects.get(r.Context(), requestURI, err == nil, func() error {
		if _, wait := p.limits.objects.take(key, now); wait > 0 {
			return tooMany(oauth.TemporarilyUnavailable, "Too many request objects were asked for. Please try again later.", wait)
		}
		return nil
	}, now)
}
