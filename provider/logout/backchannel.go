package logout

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postern-id/postern/provider/client"
	"github.com/postern-id/postern/provider/fetch"
	"github.com/postern-id/postern/provider/token"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// The pace at which notices are sent.
const (
	leaseTime     = 2 * time.Minute  // longer than a round takes
	claimTime     = 5 * time.Minute  // longer than the lease: when a claim ends, the replica that made it has stopped
	updateTime    = 5 * time.Second  // limit for storing the result of an attempt, even while the loop stops
	clientTime    = 10 * time.Second // limit of one client in a round: its other notices wait for the next round
	clientsAtOnce = 8
	mostPerRound  = 100 // notices
	mostRefusals  = 3   // attempts that a client may answer with 400
)

// retryWaits are the waits between the attempts to send a notice. When the attempt after the last wait fails, the notice is given up.
var retryWaits = []time.Duration{
	10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// NotifierConfig is what a [Notifier] needs. Every field is required.
type NotifierConfig struct {
	Store   *storage.Store
	Audit   *audit.Log
	Clients *client.Registry
	Tokens  *token.Issuer
	Fetch   *fetch.Client
	Log     *slog.Logger
}

// Notifier sends logout notices to the servers of clients (OIDC Back-Channel Logout). A notice is a [storage.ClientSession] whose session has
// ended.
type Notifier struct {
	cfg      NotifierConfig
	sessions *storage.ClientSessions
	lease    *storage.Lease
}

// NewNotifier returns a notifier. By a lease, only one of all notifiers of a database sends at a time.
func NewNotifier(cfg NotifierConfig) *Notifier {
	return &Notifier{cfg: cfg, sessions: cfg.Store.ClientSessions, lease: cfg.Store.Lease("logout", leaseTime)}
}

// SendDue sends one round of the notices that are due at now, unless another notifier is sending. It schedules another attempt for a notice that
// cannot be delivered. An error says that the database failed, or that a logout token could not be made.
func (n *Notifier) SendDue(ctx context.Context, now time.Time) error {
	// Because of this query, an idle server writes nothing every second.
	waiting, next, err := n.sessions.Waiting(ctx)
	if err != nil || waiting == 0 || next.After(now) {
		return err
	}
	return n.lease.Hold(ctx, now, func(ctx context.Context) error { return n.sendRound(ctx, now) })
}

// sendRound sends the notices that have been due for longest.
func (n *Notifier) sendRound(ctx context.Context, now time.Time) (err error) {
	byClient := map[string][]storage.ClientSession{}
	for claimed := 0; claimed < mostPerRound && err == nil; claimed++ {
		var notice storage.ClientSession
		if notice, err = n.sessions.Claim(ctx, now.Add(claimTime), now); err == nil {
			byClient[notice.ClientID] = append(byClient[notice.ClientID], notice)
		}
	}
	if errors.Is(err, storage.ErrNotFound) {
		err = nil
	}
	var group errgroup.Group
	group.SetLimit(clientsAtOnce)
	for _, notices := range byClient {
		group.Go(func() error { return n.sendToClient(ctx, notices, now) })
	}
	return errors.Join(err, group.Wait())
}

// sendToClient sends the notices of one client one after another, so that it is not flooded. Notices for which there is no time wait for the next
// round, so that other clients do not wait for long. If the client cannot be reached, the remaining notices fail without a request.
func (n *Notifier) sendToClient(ctx context.Context, notices []storage.ClientSession, begin time.Time) (err error) {
	start, unreachable := time.Now(), ""
	for _, notice := range notices {
		var failed error
		took := time.Since(start)
		switch now := begin.Add(took); {
		case ctx.Err() != nil, took >= clientTime:
			next := notice.Delivery
			next.NextAttemptAt = storage.At(now)
			failed = n.postpone(ctx, notice, next)
		case unreachable != "":
			failed = n.recordFailure(ctx, notice, unreachable, false, now)
		default:
			unreachable, failed = n.send(ctx, notice, now)
		}
		err = errors.Join(err, failed)
	}
	return err
}

// send sends one notice and stores the result. If the client could not be reached, unreachable says why.
func (n *Notifier) send(ctx context.Context, notice storage.ClientSession, now time.Time) (unreachable string, err error) {
	c, err := n.cfg.Clients.Client(ctx, notice.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "", nil // removed just now, with its notices
	case err != nil:
		return "", err
	case c.BackchannelLogoutURI == "": // the client is now notified in the browser, or not at all
		return "", n.update(ctx, func(ctx context.Context) error { return n.sessions.Drop(ctx, notice) })
	}
	text, err := n.cfg.Tokens.LogoutToken(c, notice.UserID, notice.SID, now)
	if err != nil {
		return "", err
	}
	// While the loop stops, a request in progress may take the few seconds of a fetch: otherwise nobody would know whether it has arrived.
	start := time.Now()
	status, err := n.cfg.Fetch.PostForm(context.WithoutCancel(ctx), c.BackchannelLogoutURI, url.Values{"logout_token": {text}})
	now = now.Add(time.Since(start))
	switch {
	case err != nil:
		n.cfg.Log.InfoContext(ctx, "a client is not told of a logout", "client", c.ID, "cause", err)
		unreachable = describe(err)
		return unreachable, n.recordFailure(ctx, notice, unreachable, false, now)
	case status == http.StatusOK || status == http.StatusNoContent: // OIDC Back-Channel Logout section 2.8
		return "", n.recordDelivery(ctx, notice, now)
	}
	return "", n.recordFailure(ctx, notice, "the client answered "+strconv.Itoa(status), status == http.StatusBadRequest, now)
}

// describe says why a request failed, in words that contain no URL or IP address.
func describe(err error) string {
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

// recordFailure stores the reason why an attempt failed, and schedules the next one or gives up. refused says that the client refused the logout
// token, which it will probably do again.
func (n *Notifier) recordFailure(ctx context.Context, notice storage.ClientSession, reason string, refused bool, now time.Time) error {
	next := notice.Delivery
	next.Attempts, next.Failure = notice.Attempts+1, reason
	if next.Attempts > len(retryWaits) || refused && next.Attempts >= mostRefusals {
		return n.giveUp(ctx, notice, next, now)
	}
	next.NextAttemptAt = storage.At(now.Add(retryWaits[next.Attempts-1]))
	return n.postpone(ctx, notice, next)
}

// giveUp stores that a notice will not be delivered. last has the number of attempts and the reason of the last failure.
func (n *Notifier) giveUp(ctx context.Context, notice storage.ClientSession, last storage.Delivery, now time.Time) error {
	n.cfg.Log.WarnContext(ctx, "a client is not told of a logout any more", "client", notice.ClientID, "cause", last.Failure, "attempts", last.Attempts)
	event := eventOf(notice, audit.LogoutGivenUp)
	event.Detail["reason"] = last.Failure
	return n.settle(ctx, event, now, func(ctx context.Context) error { return n.sessions.GiveUp(ctx, notice, last.Failure, now) })
}

// recordDelivery stores that the client has accepted a notice.
func (n *Notifier) recordDelivery(ctx context.Context, notice storage.ClientSession, now time.Time) error {
	return n.settle(ctx, eventOf(notice, audit.LogoutDelivered), now, func(ctx context.Context) error { return n.sessions.Done(ctx, notice, now) })
}

func eventOf(notice storage.ClientSession, name audit.Name) audit.Event {
	return audit.Event{
		Name: name, Actor: audit.ActorSystem, UserID: notice.UserID, ClientID: notice.ClientID, Detail: map[string]string{"session": notice.SID},
	}
}

// settle stores with change that a notice needs no further attempt, and records the event in the same transaction.
func (n *Notifier) settle(ctx context.Context, event audit.Event, now time.Time, change func(context.Context) error) error {
	return n.update(ctx, func(ctx context.Context) error {
		return n.cfg.Store.InTx(ctx, func(ctx context.Context) error {
			if err := change(ctx); err != nil {
				return err
			}
			return n.cfg.Audit.Record(ctx, event, now)
		})
	})
}

// postpone gives a claimed notice back for a later attempt.
func (n *Notifier) postpone(ctx context.Context, notice storage.ClientSession, next storage.Delivery) error {
	return n.update(ctx, func(ctx context.Context) error { return n.sessions.Defer(ctx, notice, next) })
}

// update calls change, which stores the result of an attempt, even if ctx is done. A notice that is gone, or that another replica has claimed since,
// is not an error.
func (n *Notifier) update(ctx context.Context, change func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), updateTime)
	defer cancel()
	err := change(ctx)
	if errors.Is(err, storage.ErrStale) {
		return nil
	}
	return err
}
