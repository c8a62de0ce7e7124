package throttle

import (
	"context"
	"net/netip"
	"time"

	"github.com/postern-id/postern/storage"
)

// PasswordAttempt is an attempt that has been counted as a failure already.
type PasswordAttempt struct {
	guard   *Guard
	budgets []storage.Budget // of the subject, then of the address
}

// BeginPassword counts an attempt as a failure before the password is looked at, in one statement, so that of any number of
// attempts at once no more are looked at than the budgets have left. address may be zero when it is not known.
// A *WaitError says that the attempt must not be looked at.
func (g *Guard) BeginPassword(ctx context.Context, who Subject, address netip.Addr, now time.Time) (PasswordAttempt, error) {
	budgets := []storage.Budget{{Key: "password:" + who.key, Tries: g.cfg.PasswordTries, Forget: forgetPasswords}}
	keys := []string{budgets[0].Key}
	if address.IsValid() {
		budgets = append(budgets, storage.Budget{Key: g.addressKey(address), Tries: g.cfg.AddressTries, Forget: forgetAddresses})
		keys = append(keys, budgets[1].Key)
	}
	_, allowed, err := g.store.CountAttempt(ctx, now, budgets...)
	if err != nil {
		return PasswordAttempt{}, err
	}
	if !allowed {
		return PasswordAttempt{}, g.wait(ctx, keys...)
	}
	return PasswordAttempt{guard: g, budgets: budgets}, nil
}

// Passed says that the password was right: the subject's failures are forgotten, and the address gets this attempt back.
func (a PasswordAttempt) Passed(ctx context.Context) error {
	return a.guard.store.ClearAttempts(ctx, a.budgets[0].Key, a.budgets[1:]...)
}

// Undecided says that the password could not be looked at: every counter gets this attempt back.
func (a PasswordAttempt) Undecided(ctx context.Context) error {
	return a.guard.store.ClearAttempts(ctx, "", a.budgets...)
}
