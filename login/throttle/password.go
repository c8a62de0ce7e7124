package throttle

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/postern-id/postern/storage"
)

// PasswordAttempt is an attempt that takes room in its budgets until one of Passed, Failed and Undecided is called.
type PasswordAttempt struct {
	guard *Guard
	who   storage.Budget
	room  storage.Reservation
}

// BeginPassword makes room for an attempt before the password is looked at, in one statement, so that of any number of attempts at once no
// more are looked at than the budgets have left. The budget of the address does not hold a browser that signed in before: others who share the
// address cannot keep its owner out. address may be zero when it is not known. A *WaitError says that the attempt must not be looked at.
func (g *Guard) BeginPassword(ctx context.Context, who Subject, address netip.Addr, now time.Time) (PasswordAttempt, error) {
	own := storage.Budget{Key: "password:" + who.key, Tries: g.cfg.PasswordTries, Forget: forgetPasswords}
	budgets, keys := []storage.Budget{own}, []string{own.Key}
	if address.IsValid() && !who.known {
		budgets = append(budgets, storage.Budget{Key: g.addressKey(address), Tries: g.cfg.AddressTries, Forget: forgetAddresses})
		keys = append(keys, budgets[1].Key)
	}
	room, allowed, err := g.store.Attempts.Reserve(ctx, now, budgets...)
	if err != nil {
		return PasswordAttempt{}, err
	}
	if !allowed {
		return PasswordAttempt{}, g.wait(ctx, now, keys...)
	}
	return PasswordAttempt{guard: g, who: own, room: room}, nil
}

// Passed says that the password was right: the subject's failures are forgotten.
func (a PasswordAttempt) Passed(ctx context.Context) error {
	err := a.guard.store.Attempts.Succeed(ctx, a.room, a.who.Key)
	if err != nil {
		return errors.Join(err, a.Undecided(ctx))
	}
	return nil
}

// Failed counts the attempt as a failure, even when the caller has hung up: otherwise nobody would have to wait for a refusal.
func (a PasswordAttempt) Failed(ctx context.Context, now time.Time) error {
	return a.guard.store.Attempts.Fail(ctx, a.room, now)
}

// Undecided says that the attempt was not judged, because of an outage or because the caller hung up. It counts nowhere.
func (a PasswordAttempt) Undecided(ctx context.Context) error {
	return a.guard.store.Attempts.Release(ctx, a.room)
}
