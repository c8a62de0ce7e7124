package throttle

import (
	"context"
	"time"

	"github.com/postern-id/postern/storage"
)

// Kind is the kind of second factor that is attempted. Recovery codes have a separate count, because they are the way in when the codes of
// authenticators are closed.
type Kind string

// The kinds of second factors.
const (
	Code         Kind = "code"
	RecoveryCode Kind = "recovery"
)

func (g *Guard) budget(kind Kind, who Subject) storage.Budget {
	return storage.Budget{Key: string(kind) + ":" + who.key, Tries: g.cfg.CodeTries, CloseAfter: g.cfg.CodeCloseAfter}
}

// Pass resets the count of failures. It is called for a right one-time code, in the transaction that accepts it.
//
// Errors: *WaitError when the code must not be accepted now.
func (g *Guard) Pass(ctx context.Context, who Subject, now time.Time) error {
	budget := g.budget(Code, who)
	passed, err := g.store.Attempts.ClearUnlessBlocked(ctx, now, budget)
	if err == nil && !passed {
		return g.wait(ctx, now, budget.Key)
	}
	return err
}

// Fail counts a wrong code and returns the number of wrong codes in a row. It must not be called in a transaction that a refusal rolls
// back.
//
// Errors: *WaitError if the code came during a wait: it was not counted and must not be accepted.
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

// Closes reports whether this number of failures in a row closes the factor.
func (g *Guard) Closes(failures int) bool { return failures >= g.cfg.CodeCloseAfter }

// Reopen resets the counts of wrong one-time codes and recovery codes of each subject, whether or not they are closed.
func (g *Guard) Reopen(ctx context.Context, subjects ...Subject) error {
	for _, kind := range []Kind{RecoveryCode, Code} { // in the same order as Hold
		for _, who := range subjects {
			if err := g.store.Attempts.Clear(ctx, g.budget(kind, who).Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// Hold locks the counters that [Guard.Reopen] clears until the end of the transaction. It must be called before the transaction writes
// anything else, because counters are always locked first; otherwise transactions could deadlock.
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

// Unlock ends every wait of a user, except those of trusted browsers and client IPs.
func (g *Guard) Unlock(ctx context.Context, userID string) error {
	if err := g.ForgetPasswords(ctx, userID); err != nil {
		return err
	}
	return g.Reopen(ctx, User(userID))
}
