package throttle

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// Kind is the kind of second factor in an attempt. Recovery codes are counted separately, because they are the way in
// when the codes of the authenticator are closed.
type Kind string

// The kinds of second factors.
const (
	Code         Kind = "code"
	RecoveryCode Kind = "recovery"
)

func (g *Guard) budget(kind Kind, who Subject) storage.Budget {
	return storage.Budget{Key: string(kind) + ":" + who.key, Tries: g.cfg.CodeTries, CloseAfter: g.cfg.CodeCloseAfter}
}

// Pass is called with a right one-time code, in the transaction that accepts it: it ends the row of failures. A *WaitError
// says that the code must not be accepted now.
func (g *Guard) Pass(ctx context.Context, who Subject, now time.Time) error {
	budget := g.budget(Code, who)
	passed, err := g.store.Attempts.ClearUnlessBlocked(ctx, now, budget)
	if err == nil && !passed {
		return g.wait(ctx, now, budget.Key)
	}
	return err
}

// Fail counts a code as wrong and returns how many there were in a row. It must not be called in a transaction that a refusal
// rolls back. A *WaitError says that the code came during a wait and was not counted; it must
// not be accepted then.
func (g *Guard) Fail(ctx context.Context, kind Kind, who Subject, now time.Time) (failures int, err error) {
	budget := g.budget(kind, who)
	states, allowed, err := g.store.Attempts.Count(ctx, now, budget)
	if err != nil {
		return 0, err
	}
	if !allowed {
		return 0, g.wait(ctx, now, budget.Key)
	}
	return states[0].Failures, nil
}

// Closes reports whether a number of failures in a row closes the factor.
func (g *Guard) Closes(failures int) bool { return failures >= g.cfg.CodeCloseAfter }

// Reopen ends both rows of wrong codes of each subject, closed or not.
func (g *Guard) Reopen(ctx context.Context, subjects ...Subject) error {
	for _, kind := range []Kind{RecoveryCode, Code} { // in the order of Hold
		for _, who := range subjects {
			if err := g.store.Attempts.Clear(ctx, g.budget(kind, who).Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// Hold keeps the counters that Reopen clears from others until the end of the transaction. It comes before anything else is written there, as
// every count does, so that no two transactions wait for one another.
func (g *Guard) Hold(ctx context.Context, subjects ...Subject) error {
	for _, kind := range []Kind{RecoveryCode, Code} {
		for _, who := range subjects {
			if err := g.store.Attempts.Lock(ctx, g.budget(kind, who).Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// Unlock lifts every wait of a user, except those of single browsers and IP addresses.
func (g *Guard) Unlock(ctx context.Context, userID string) error {
	if err := g.ForgetPasswords(ctx, userID); err != nil {
		return err
	}
	return g.Reopen(ctx, User(userID))
}
