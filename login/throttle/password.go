package throttle

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/postern-id/postern/storage"
)

// PasswordAttempt is an attempt that is reserved in its budgets until one of its methods is called.
type PasswordAttempt struct {
	guard *Guard
	who   storage.Budget
	room  storage.Reservation
}

// BeginPassword reserves an attempt before the password is checked, in one statement, so that no more simultaneous attempts are checked
// than the budgets have left. The budget of the client IP does not count for a trusted browser: others who share the IP cannot keep its
// owner out. address may be the zero Addr when it is not known.
//
// Errors: *WaitError when the password must not be checked.
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

// Failed counts the attempt as a failure, even if the client has hung up: otherwise attackers would hang up before the refusal.
func (a PasswordAttempt) Failed(ctx context.Context, now time.Time) error {
	return a.guard.store.Attempts.Fail(ctx, a.room, now)
}

// Undecided says that the password was not checked, because of an outage or because the client hung up: the attempt does not count.
func (a PasswordAttempt) Undecided(ctx context.Context) error {
	return a.guard.store.Attempts.Release(ctx, a.room)
}
