package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postern-id/postern/loop"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// The pace at which clients are told that sessions have ended.
const (
	logoutLook      = time.Second      // between looks at the visits
	logoutLeaseTime = 2 * time.Minute  // longer than a round takes
	logoutClaimTime = 5 * time.Minute  // longer than the lease: after it the one who claimed is gone
	logoutGrace     = 5 * time.Second  // to note what has become of visits when the loop is to stop
	logoutClients   = 8                // told at once
	mostPerRound    = 100              // visits
	logoutTurn      = 10 * time.Second // of one client in a round: then others come first
	mostRefusals    = 3                // attempts that a client may answer with 400
)

// logoutWaits follow attempts that failed; after the last of them one more is made.
var logoutWaits = []time.Duration{
	10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// RunLogouts tells clients that sessions have ended which have been at them (OIDC Back-Channel Logout), on one replica at a time, until ctx is
// done. It returns nil; failures are logged and tried again.
func (p *Provider) RunLogouts(ctx context.Context) error {
	lease := p.logoutLease()
	loop.Every(ctx, logoutLook, func(ctx context.Context) error { return p.tellOfLogouts(ctx, lease, time.Now()) }, func(err error) {
		p.log.WarnContext(ctx, "clients cannot be told of logouts", "cause", err)
	})
	return nil
}

func (p *Provider) logoutLease() *storage.Lease { return p.store.Lease("logout", logoutLeaseTime) }

// tellOfLogouts tells clients of the visits that are due. Reading first keeps an idle outbox from costing a write every second.
func (p *Provider) tellOfLogouts(ctx context.Context, lease *storage.Lease, now time.Time) error {
	waiting, next, err := p.store.ClientSessions.Waiting(ctx)
	if err != nil || waiting == 0 || next.After(now) {
		return err
	}
	return lease.Hold(ctx, now, func(ctx context.Context) error { return p.logoutRound(ctx, now) })
}

// logoutRound tells clients of the visits that have been due for longest.
func (p *Provider) logoutRound(ctx context.Context, now time.Time) (err error) {
	turns := map[string][]storage.ClientSession{} // by client
	for claimed := 0; claimed < mostPerRound && err == nil; claimed++ {
		var v storage.ClientSession
		if v, err = p.store.ClientSessions.Claim(ctx, now.Add(logoutClaimTime), now); err == nil {
			turns[v.ClientID] = append(turns[v.ClientID], v)
		}
	}
	if errors.Is(err, storage.ErrNotFound) {
		err = nil
	}
	var group errgroup.Group
	group.SetLimit(logoutClients)
	for _, visits := range turns {
		group.Go(func() error { return p.logoutTurn(ctx, visits, now) })
	}
	return errors.Join(err, group.Wait())
}

// logoutTurn tells one client of several visits, one after another, so that it gets no flood. What there is no time for is left for the next
// round, so that nobody else waits for long; a client that does not answer at all is not asked again for each of them.
func (p *Provider) logoutTurn(ctx context.Context, visits []storage.ClientSession, begin time.Time) (err error) {
	start, silence := time.Now(), ""
	for _, v := range visits {
		var noted error
		took := time.Since(start)
		switch now := begin.Add(took); {
		case ctx.Err() != nil, took >= logoutTurn:
			next := v.Delivery
			next.NextAttemptAt = storage.At(now)
			noted = p.deferVisit(ctx, v, next)
		case silence != "":
			noted = p.logoutFailed(ctx, v, silence, false, now)
		default:
			silence, noted = p.tellOfLogout(ctx, v, now)
		}
		err = errors.Join(err, noted)
	}
	return err
}

// tellOfLogout tells a client of one visit and notes what became of it. silence says why there was no answer, if there was none.
func (p *Provider) tellOfLogout(ctx context.Context, v storage.ClientSession, now time.Time) (silence string, err error) {
	c, err := p.clients.Client(ctx, v.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "", nil // removed just now, and the visit with it
	case err != nil:
		return "", err
	case c.BackchannelLogoutURI == "": // it is told in the browser, or not any more
		return "", ignoreStale(p.store.ClientSessions.Drop(ctx, v))
	}
	token, err := p.tokens.LogoutToken(c, v.UserID, v.SID, now)
	if err != nil {
		return "", err
	}
	// What is on its way when the loop is to stop gets the few seconds that a fetch may take: nobody would know whether it arrived.
	start := time.Now()
	status, err := p.fetch.PostForm(context.WithoutCancel(ctx), c.BackchannelLogoutURI, url.Values{"logout_token": {token}})
	now = now.Add(time.Since(start))
	switch {
	case err != nil:
		p.log.InfoContext(ctx, "a client is not told of a logout", "client", c.ID, "cause", err)
		silence = silenceOf(err)
		return silence, p.logoutFailed(ctx, v, silence, false, now)
	case status == http.StatusOK || status == http.StatusNoContent: // OIDC Back-Channel Logout section 2.8
		return "", p.logoutNoted(ctx, v, audit.LogoutDelivered, "", now)
	}
	return "", p.logoutFailed(ctx, v, "the client answered "+strconv.Itoa(status), status == http.StatusBadRequest, now)
}

// silenceOf says in words without addresses why a client did not answer.
func silenceOf(err error) string {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, fetch.ErrAddress):
		return "the address is not allowed for outgoing requests"
	case errors.As(err, &certificate):
		return "the certificate of the client's server is not trusted"
	case errors.Is(err, fetch.ErrTime):
		return "the client's server did not answer in time"
	}
	return "the client's server was not reached"
}

// logoutFailed notes an attempt that failed, and when the next one is to be, unless there were enough.
func (p *Provider) logoutFailed(ctx context.Context, v storage.ClientSession, what string, refused bool, now time.Time) error {
	next := v.Delivery
	next.Attempts, next.Failure = v.Attempts+1, what
	if next.Attempts > len(logoutWaits) || refused && next.Attempts >= mostRefusals {
		p.log.WarnContext(ctx, "a client is not told of a logout any more", "client", v.ClientID, "cause", what, "attempts", next.Attempts)
		return p.logoutNoted(ctx, v, audit.LogoutGivenUp, what, now)
	}
	next.NextAttemptAt = storage.At(now.Add(logoutWaits[next.Attempts-1]))
	return p.deferVisit(ctx, v, next)
}

func (p *Provider) deferVisit(ctx context.Context, claimed storage.ClientSession, next storage.Delivery) error {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutGrace)
	defer cancel()
	return ignoreStale(p.store.ClientSessions.Defer(ending, claimed, next))
}

// logoutNoted files the end of a visit: what says why the client was not told.
func (p *Provider) logoutNoted(ctx context.Context, v storage.ClientSession, name audit.Name, what string, now time.Time) error {
	event := audit.Event{Name: name, Actor: audit.ActorSystem, UserID: v.UserID, ClientID: v.ClientID, Detail: map[string]string{"session": v.SID}}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutGrace)
	defer cancel()
	return ignoreStale(p.store.InTx(ending, func(ctx context.Context) error {
		note := func() error { return p.store.ClientSessions.Done(ctx, v, now) }
		if name == audit.LogoutGivenUp {
			event.Detail["reason"] = what
			note = func() error { return p.store.ClientSessions.GiveUp(ctx, v, what, now) }
		}
		if err := note(); err != nil {
			return err
		}
		return p.audit.Record(ctx, event, now)
	}))
}

// ignoreStale takes a visit that was swept or taken over meanwhile for done.
func ignoreStale(err error) error {
	if errors.Is(err, storage.ErrStale) {
		return nil
	}
	return err
}
