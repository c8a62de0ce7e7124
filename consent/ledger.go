package consent

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// ledger remembers what people have granted to clients.
type ledger struct {
	store *storage.Store
	audit *audit.Log
}

// answer is a person's answer to a client's request.
type answer struct {
	signIn   storage.SignIn
	flow     storage.Flow
	access   storage.Access // that was asked for
	clientIP string
}

func (a answer) event(name audit.Name) audit.Event {
	return audit.Event{
		Name: name, Actor: audit.ActorUser, UserID: a.signIn.User().ID, ClientID: a.flow.ClientID, Address: a.clientIP,
		Detail: audit.AccessDetail(a.access),
	}
}

// allow adds the access to what the person has granted to the client and records it on the flow, in one transaction.
// storage.ErrNotFound says that the flow is over.
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

// withdraw takes back whatever a person has granted to a client, consented or not, in one transaction. storage.ErrNotFound says that
// there is nothing.
func (l ledger) withdraw(ctx context.Context, userID, clientID, clientIP string, now time.Time) error {
	event := audit.Event{Name: audit.ConsentWithdrawn, Actor: audit.ActorUser, UserID: userID, ClientID: clientID, Address: clientIP}
	return l.store.InTx(ctx, func(ctx context.Context) error {
		if err := l.store.Consents.Withdraw(ctx, userID, clientID, now); err != nil {
			return err
		}
		return l.audit.Record(ctx, event, now)
	})
}

// deny records on the flow that the person refused. storage.ErrNotFound says that the flow is over.
func (l ledger) deny(ctx context.Context, a answer, now time.Time) error {
	return l.store.InTx(ctx, func(ctx context.Context) error {
		if err := l.store.Flows.Deny(ctx, a.flow.ID, now); err != nil {
			return err
		}
		return l.audit.Record(ctx, a.event(audit.ConsentDenied), now)
	})
}
