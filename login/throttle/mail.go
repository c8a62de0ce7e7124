package throttle

import (
	"context"
	"encoding/hex"
	"net/netip"
	"time"
)

// How many messages people can make Postern send within an hour.
const (
	mailsOfSubject = 3  // for one purpose to one account or mailbox
	asksOfAddress  = 30 // asked for from one client IP, whether or not there was a mailbox to write to
	mailRest       = time.Hour
)

// Mailbox is the subject of messages to an e-mail address, in the canonical form of storage.CanonicalName, whether or not an account has it.
func (g *Guard) Mailbox(canonical string) Subject {
	return Subject{key: "mailbox:" + hex.EncodeToString(g.store.MAC("throttle mailbox", canonical))}
}

// Ask is called when somebody who is not signed in asks for a message. A trusted browser counts by itself, any other by its client
// IP, which may be the zero Addr when it is not known.
//
// Errors: *WaitError if the visitor has asked for too many messages.
func (g *Guard) Ask(ctx context.Context, who Subject, address netip.Addr, now time.Time) error {
	switch {
	case who.known:
		return g.event(ctx, "ask:"+who.key, asksOfAddress, now)
	case !address.IsValid():
		return nil
	}
	return g.event(ctx, "ask:"+g.addressKey(address), asksOfAddress, now)
}

// Mail is called before a message for one purpose is sent.
//
// Errors: *WaitError if the subject's budget is used up.
func (g *Guard) Mail(ctx context.Context, purpose string, who Subject, now time.Time) error {
	return g.event(ctx, "mail:"+purpose+":"+who.key, mailsOfSubject, now)
}

func (g *Guard) event(ctx context.Context, key string, limit int, now time.Time) error {
	allowed, until, err := g.store.Attempts.Allow(ctx, key, limit, mailRest, now)
	if err == nil && !allowed {
		return &WaitError{Until: until, key: key}
	}
	return err
}

// ForgetPasswords resets the count of wrong passwords for a user's account, except those of trusted browsers.
func (g *Guard) ForgetPasswords(ctx context.Context, userID string) error {
	return g.store.Attempts.Clear(ctx, "password:"+User(userID).key)
}
