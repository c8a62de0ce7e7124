package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/postern-id/postern/login/throttle"
	"github.com/postern-id/postern/storage/storagetest"
)

var now = storagetest.Now

func each(t *testing.T, cfg throttle.Config, body func(t *testing.T, g *throttle.Guard)) {
	t.Helper()
	storagetest.EachDatabase(t, func(t *testing.T, db *storagetest.Database) {
		g, err := throttle.New(db.Open(t), cfg)
		require.NoError(t, err)
		body(t, g)
	})
}

func TestNewRefuses(t *testing.T) {
	store := storagetest.Open(t)
	for _, cfg := range []throttle.Config{{PasswordTries: -1}, {AddressTries: -1}, {CodeTries: -1}, {CodeTries: 10, CodeCloseAfter: 9}} {
		_, err := throttle.New(store, cfg)
		require.Error(t, err, "%+v", cfg)
	}
	_, err := throttle.New(nil, throttle.Config{})
	require.Error(t, err)
}

// waits asserts until when an attempt was refused.
func waits(t *testing.T, err error, until time.Time) {
	t.Helper()
	var wait *throttle.WaitError
	require.ErrorAs(t, err, &wait)
	require.Equal(t, until.UTC(), wait.Until.UTC())
	require.False(t, wait.Closed())
}

// wrong tries a wrong password.
func wrong(t *testing.T, g *throttle.Guard, who throttle.Subject, address netip.Addr, now time.Time) {
	t.Helper()
	attempt, err := g.BeginPassword(t.Context(), who, address, now)
	require.NoError(t, err)
	require.NoError(t, attempt.Failed(t.Context(), now))
}

func TestPasswords(t *testing.T) {
	each(t, throttle.Config{PasswordTries: 2}, func(t *testing.T, g *throttle.Guard) {
		ctx, who := t.Context(), throttle.User("ada")
		for range 2 {
			wrong(t, g, who, netip.Addr{}, now)
		}
		_, err := g.BeginPassword(ctx, who, netip.Addr{}, now)
		waits(t, err, now.Add(time.Minute))
		_, err = g.BeginPassword(ctx, throttle.Browser("ada's phone"), netip.Addr{}, now)
		require.NoError(t, err, "another subject")

		later := now.Add(time.Minute)
		attempt, err := g.BeginPassword(ctx, who, netip.Addr{}, later)
		require.NoError(t, err)
		_, err = g.BeginPassword(ctx, who, netip.Addr{}, later)
		waits(t, err, later.Add(30*time.Second))
		require.NoError(t, attempt.Failed(ctx, later))
		_, err = g.BeginPassword(ctx, who, netip.Addr{}, later)
		waits(t, err, later.Add(2*time.Minute))
		later = later.Add(2 * time.Minute)
		attempt, err = g.BeginPassword(ctx, who, netip.Addr{}, later)
		require.NoError(t, err)
		require.NoError(t, attempt.Passed(ctx))
		for range 2 {
			wrong(t, g, who, netip.Addr{}, later) // a right password has reset the count
		}
	})
}

func TestPasswordsAreForgotten(t *testing.T) {
	each(t, throttle.Config{PasswordTries: 2}, func(t *testing.T, g *throttle.Guard) {
		for day := range 3 {
			wrong(t, g, throttle.User("ada"), netip.Addr{}, now.AddDate(0, 0, day))
		}
	})
}

func TestUndecidedAttemptsDoNotCount(t *testing.T) {
	each(t, throttle.Config{PasswordTries: 2, AddressTries: 2}, func(t *testing.T, g *throttle.Guard) {
		address := netip.MustParseAddr("192.0.2.1")
		for range 5 {
			attempt, err := g.BeginPassword(t.Context(), throttle.User("ada"), address, now)
			require.NoError(t, err)
			require.NoError(t, attempt.Undecided(t.Context()))
		}
	})
}

func TestClientIPs(t *testing.T) {
	tests := map[string]struct {
		first, second string
		together      bool
	}{
		"same":                {"192.0.2.1", "192.0.2.1", true},
		"neighbours":          {"192.0.2.1", "192.0.2.2", false},
		"IPv4 mapped to IPv6": {"192.0.2.1", "::ffff:192.0.2.1", true},
		"hosts of a /64":      {"2001:db8::1", "2001:db8::ffff:2", true},
		"other /64":           {"2001:db8::1", "2001:db8:0:1::1", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g, err := throttle.New(storagetest.Open(t), throttle.Config{AddressTries: 1})
			require.NoError(t, err)
			wrong(t, g, throttle.User("ada"), netip.MustParseAddr(test.first), now)
			_, err = g.BeginPassword(t.Context(), throttle.User("eve"), netip.MustParseAddr(test.second), now)
			if test.together {
				waits(t, err, now.Add(time.Minute))
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestSuccessDoesNotCountAgainstTheClientIP(t *testing.T) {
	each(t, throttle.Config{AddressTries: 2}, func(t *testing.T, g *throttle.Guard) {
		address := netip.MustParseAddr("192.0.2.1")
		wrong(t, g, throttle.User("eve"), address, now)
		for range 5 {
			attempt, err := g.BeginPassword(t.Context(), throttle.User("ada"), address, now)
			require.NoError(t, err)
			require.NoError(t, attempt.Passed(t.Context()))
		}
		wrong(t, g, throttle.User("eve"), address, now)
		_, err := g.BeginPassword(t.Context(), throttle.User("ada"), address, now)
		waits(t, err, now.Add(time.Minute))
		_, err = g.BeginPassword(t.Context(), throttle.Browser("ada's phone"), address, now)
		require.NoError(t, err, "a trusted browser does not wait because of others at its client IP")
	})
}

func TestCodes(t *testing.T) {
	each(t, throttle.Config{CodeTries: 2, CodeCloseAfter: 4}, func(t *testing.T, g *throttle.Guard) {
		ctx, who, at := t.Context(), throttle.User("ada"), now
		for i, wait := range []time.Duration{0, time.Minute, 2 * time.Minute} {
			failures, err := g.Fail(ctx, throttle.Code, who, at)
			require.NoError(t, err)
			require.Equal(t, i+1, failures)
			require.False(t, g.Closes(failures))
			if wait > 0 {
				_, err = g.Fail(ctx, throttle.Code, who, at)
				waits(t, err, at.Add(wait))
				waits(t, g.Pass(ctx, who, at), at.Add(wait))
			}
			at = at.Add(wait)
		}
		_, err := g.Fail(ctx, throttle.RecoveryCode, who, at)
		require.NoError(t, err, "recovery codes have a separate count")

		at = at.AddDate(1, 0, 0)
		failures, err := g.Fail(ctx, throttle.Code, who, at)
		require.NoError(t, err)
		require.Equal(t, 4, failures, "codes are not forgotten")
		require.True(t, g.Closes(failures))
		var wait *throttle.WaitError
		require.ErrorAs(t, g.Pass(ctx, who, at.AddDate(50, 0, 0)), &wait)
		require.True(t, wait.Closed())

		require.NoError(t, g.Unlock(ctx, "ada"))
		require.NoError(t, g.Pass(ctx, who, at))
		failures, err = g.Fail(ctx, throttle.Code, who, at)
		require.NoError(t, err)
		require.Equal(t, 1, failures)
	})
}

func TestPassResetsTheCount(t *testing.T) {
	each(t, throttle.Config{CodeTries: 2}, func(t *testing.T, g *throttle.Guard) {
		for range 5 {
			failures, err := g.Fail(t.Context(), throttle.Code, throttle.User("ada"), now)
			require.NoError(t, err)
			require.Equal(t, 1, failures)
			require.NoError(t, g.Pass(t.Context(), throttle.User("ada"), now))
		}
	})
}

// People type passwords into the field for the name, and IP addresses are personal data.
func TestKeysHideNamesAndClientIPs(t *testing.T) {
	counter := &storagetest.Counter{}
	g, err := throttle.New(storagetest.SQLite(t).Open(t, counter.Intercept), throttle.Config{})
	require.NoError(t, err)
	counter.Reset()
	_, err = g.BeginPassword(t.Context(), g.Name("hunter2"), netip.MustParseAddr("192.0.2.1"), now)
	require.NoError(t, err)
	for _, statement := range counter.Statements() {
		for _, arg := range statement.Args {
			require.NotContains(t, fmt.Sprint(arg.Value), "hunter2")
			require.NotContains(t, fmt.Sprint(arg.Value), "192.0.2")
		}
	}
}

func TestRaceOnABudgetOfFive(t *testing.T) {
	each(t, throttle.Config{PasswordTries: 5}, func(t *testing.T, g *throttle.Guard) {
		var looked atomic.Int32
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				attempt, err := g.BeginPassword(context.Background(), throttle.User("ada"), netip.Addr{}, now)
				var wait *throttle.WaitError
				if err == nil {
					looked.Add(1)
					err = attempt.Failed(context.Background(), now)
				}
				if err != nil && !errors.As(err, &wait) {
					t.Errorf("neither checked nor refused: %v", err)
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 5, looked.Load())
	})
}
