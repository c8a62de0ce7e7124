package consent

import (
	"context"
	"net/netip"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// ledger stores what people have granted to clients.
type ledger struct {
	store *storage.Store
	audit *audit.Log
}

// answer is a person's answer to a client's request, which may be allowed or denied.
type answer struct {
	signIn   storage.SignIn
	flow     storage.Flow
	access   storage.Access // that the client asked for
	clientIP string
}

func (a answer) event(name audit.Name) audit.Event {
	event := person(a.clientIP).Event(name, a.signIn.User().ID)
	event.ClientID, event.Detail = a.flow.ClientID, audit.AccessDetail(a.access)
	return event
}

// person returns the person at a browser with that client IP, which may be empty.
func person(clientIP string) audit.By {
	address, err := netip.ParseAddr(clientIP)
	if err != nil {
		address = netip.Addr{}
	}
	return audit.Person(address, "")
}

// allow adds the access to what the person has granted to the client, and records on the flow that the person agreed, in one transaction.
// It returns [storage.ErrNotFound] if the flow is over.
func (l ledger) allow(ctx context.Context, a answer, now time.Time) error {
	return l.store.InTx(ctx, func(ctx context.Context) error {
		if err := l.store.Flows.Consent(ctx, a.flow.ID, a.signIn.User().ID, now); err != nil {
			return err
		}
		if err := l.store.Consents.Add(ctx, a.signIn.User().ID, a.flow.ClientID, a.access, now); err != nil {
			return err
		}
		return l.audit.Record(ctx, a.event(audit.ConsentGiven), now)
	})
}

// withdraw takes back everything that a person has granted to a client, in one transaction. It returns [storage.ErrNotFound] if there is
// nothing to take back.
func (l ledger) withdraw(ctx context.Context, userID, clientID, clientIP string, now time.Time) error {
	event := person(clientIP).Event(audit.ConsentWithdrawn, userID)
	event.ClientID = clientID
	return l.store.InTx(ctx, func(ctx context.Context) error {
		if err := l.store.Consents.Withdraw(ctx, userID, clientID, now); err != nil {
			return err
		}
		return l.audit.Record(ctx, event, now)
	})
}

// deny records on the flow that the person refused. It returns [storage.ErrNotFound] if the flow is over.
func (l ledger) deny(ctx context.Context, a answer, now time.Time) error {
	return l.store.InTx(ctx, func(ctx context.Context) error {
		if err := l.store.Flows.Deny(ctx, a.flow.ID, now); err != nil {
			return err
		}
		return l.audit.Record(ctx, a.event(audit.ConsentDenied), now)
	})
}
