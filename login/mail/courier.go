package mail

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/loop"
)

const (
	lookTime   = time.Second     // between reads of the outbox
	leaseTime  = 2 * time.Minute // longer than a connection and a message take
	claimTime  = 5 * time.Minute // longer than the lease: a courier that still has the claim then has died
	graceTime  = 5 * time.Second // // for the message being sent when the courier has to stop
	giveUpTime = 3 * 24 * time.Hour
)

var (
	// messageWaits follow refusals of one message.
	messageWaits = waits{
		10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
	}
	// serverWaits follow failures of the server itself, which is then tried with one message only. They stay short, so that mail is sent
	// soon after the server is back.
	serverWaits = waits{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute}
)

// waits are the pauses after successive failures; the last one repeats.
type waits []time.Duration

func (w waits) after(failures int) time.Duration { return w[min(max(failures, 1), len(w))-1] }

// Courier delivers the outbox.
type Courier struct {
	store  *storage.Store
	server *SMTP
	log    *slog.Logger
	lease  *storage.Lease

	failures int       // of the server in a row
	pause    time.Time // the server is not tried before
	said     string    // the failure last logged

	sent, failed, givenUp, waiting atomic.Int64
}

// NewCourier returns a courier that delivers the outbox of store to a server.
func NewCourier(store *storage.Store, server *SMTP, log *slog.Logger) *Courier {
	return &Courier{store: store, server: server, log: log, lease: store.Lease("mail", leaseTime)}
}

// Counts has what a courier has done since its start, and the size of the outbox.
type Counts struct{ Sent, Failed, GivenUp, Waiting int64 }

// Counts returns them. It may be called at any time.
func (c *Courier) Counts() Counts {
	return Counts{Sent: c.sent.Load(), Failed: c.failed.Load(), GivenUp: c.givenUp.Load(), Waiting: c.waiting.Load()}
}

// Run delivers messages as soon as they are due, on one replica at a time, until ctx is done. It returns nil; failures are logged and
// tried again.
func (c *Courier) Run(ctx context.Context) error {
	loop.Every(ctx, lookTime, func(ctx context.Context) error { return c.look(ctx, time.Now()) }, func(err error) {
		c.log.WarnContext(ctx, "outbox", "cause", err)
	})
	return nil
}

// look delivers the messages that are due. It reads before it claims, so that an idle outbox does not cause a write every second.
func (c *Courier) look(ctx context.Context, now time.Time) error {
	waiting, next, err := c.store.Outbox.Waiting(ctx)
	if err != nil {
		return err
	}
	c.waiting.Store(int64(waiting))
	if waiting == 0 || next.After(now) || now.Before(c.pause) {
		return nil
	}
	return c.lease.Hold(ctx, now, c.round)
}

// round delivers messages over one connection until none is due or the server fails.
func (c *Courier) round(ctx context.Context) error {
	var open *connection
	defer func() {
		if open != nil {
			open.quit()
		}
	}()
	for now := time.Now(); ctx.Err() == nil && !now.Before(c.pause); now = time.Now() {
		mine, err := c.lease.Take(ctx, now)
		if err != nil || !mine {
			return err
		}
		m, err := c.store.Outbox.Claim(ctx, now.Add(claimTime), now)
		sealed := errors.Is(err, storage.ErrSealed)
		switch reason := hopeless(m, now); {
		case errors.Is(err, storage.ErrNotFound):
			return nil
		case err != nil && !sealed:
			return err
		case reason != "":
			err = c.giveUp(ctx, m, reason)
		case sealed:
			err = c.note(ctx, m, &failure{what: "was not asked: the message does not open", message: true})
		default:
			open, err = c.deliver(ctx, open, m)
			err = c.note(ctx, m, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hopeless returns why a message must not be sent any more, or "".
func hopeless(m storage.Mail, now time.Time) string {
	switch {
	case !m.ExpiresAt.IsZero() && !m.ExpiresAt.After(now):
		return "the link in it has expired"
	case now.Sub(m.CreatedAt) >= giveUpTime:
		return "it is too old; at last " + cmp.Or(m.Failure, "nobody tried it")
	}
	return ""
}

// deliver sends one message, and returns the connection if another message can follow.
func (c *Courier) deliver(ctx context.Context, open *connection, m storage.Mail) (*connection, error) {
	content, err := c.server.compose(m)
	if err != nil {
		return open, err
	}
	if open == nil {
		if open, err = c.server.dial(ctx); err != nil {
			return nil, err
		}
	}
	// A message that is being sent when the courier has to stop gets some more time: otherwise nobody would know whether the server has
	// accepted it.
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(graceTime, func() { open.Close() }) })
	defer stop()
	err = open.send(m.Recipient, content)
	var f *failure
	if errors.As(err, &f) && (f.server || open.reset() != nil) {
		open.quit()
		return nil, err
	}
	return open, err
}

// note records the outcome for a claimed message.
func (c *Courier) note(ctx context.Context, m storage.Mail, err error) error {
	var f *failure
	switch {
	case err == nil:
		c.sent.Add(1)
		c.recovered(ctx)
		return c.noteSent(ctx, m)
	case !errors.As(err, &f):
		return err
	case f.permanent:
		c.recovered(ctx)
		return c.giveUp(ctx, m, f.Error())
	}
	c.failed.Add(1)
	now, next := time.Now(), m.Delivery
	again := now
	next.Failure = f.Error()
	if f.message {
		next.Attempts++
		again = now.Add(messageWaits.after(next.Attempts))
		c.log.InfoContext(ctx, "mail is tried again", "mail", m.ID, "cause", f, "attempts", next.Attempts, "at", again)
	}
	switch {
	case !f.server:
		c.recovered(ctx)
	case ctx.Err() == nil: // otherwise the courier itself has cancelled it
		c.failures++
		c.pause = now.Add(serverWaits.after(c.failures))
		again = latest(again, c.pause)
		c.say(ctx, f.Error())
	}
	next.NextAttemptAt = storage.At(again)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	return ignoreStale(c.store.Outbox.Defer(ending, m, next))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// noteSent tries until it succeeds or the process ends: otherwise the message would be sent again when its claim ends.
func (c *Courier) noteSent(ctx context.Context, m storage.Mail) error {
	for {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
		err := ignoreStale(c.store.Outbox.Done(ending, m, time.Now()))
		cancel()
		if err == nil {
			return nil
		}
		c.log.WarnContext(ctx, "mail was sent, which cannot be noted yet", "mail", m.ID, "cause", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lookTime):
		}
	}
}

func (c *Courier) giveUp(ctx context.Context, m storage.Mail, reason string) error {
	c.givenUp.Add(1)
	c.log.WarnContext(ctx, "mail is given up", "mail", m.ID, "cause", reason)
	return ignoreStale(c.store.Outbox.GiveUp(ctx, m, reason, time.Now()))
}

// ignoreStale returns nil if the message was deleted or taken over meanwhile, else err.
func ignoreStale(err error) error {
	if errors.Is(err, storage.ErrStale) {
		return nil
	}
	return err
}

// say logs a failure once, not repeatedly during an outage.
func (c *Courier) say(ctx context.Context, what string) {
	if what == c.said {
		return
	}
	c.said = what
	c.log.WarnContext(ctx, "mail is not delivered", "cause", what)
}

// recovered records that the server works again.
func (c *Courier) recovered(ctx context.Context) {
	if c.said != "" {
		c.log.InfoContext(ctx, "mail is delivered again")
	}
	c.failures, c.pause, c.said = 0, time.Time{}, ""
}
